import { hash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** What every API key begins with: secret scanners find leaked keys by it. */
export const KEY_PREFIX = 'trs_live_';
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const ID_CHARS = 12;
const SECRET_BYTES = 32;
const SECRET_CHARS = 43;
const CHECKSUM_CHARS = 6;
const FORM = new RegExp(
  `^${KEY_PREFIX}([0-9A-Za-z]{${ID_CHARS}})([0-9A-Za-z]{${SECRET_CHARS}})([0-9A-Za-z]{${CHECKSUM_CHARS}})$`,
);

/** An API key taken apart. */
export interface ParsedKey {
  id: string;
  secret: string;
}

/**
 * Makes a key: `trs_live_`, a public id of 12 characters, a secret of 256 random bits in 43 base62 characters, and the
 * CRC-32 of all that in 6, by which a mistyped key is told without asking the database.
 */
export function newKey(): ParsedKey & { key: string } {
  const id = base62(randomBytes(ID_CHARS), ID_CHARS);
  const secret = base62(randomBytes(SECRET_BYTES), SECRET_CHARS);
  const body = `${KEY_PREFIX}${id}${secret}`;
  return { id, secret, key: body + checksum(body) };
}

/** The parts of a key; null where the text is no key or its checksum is wrong. */
export function parseKey(key: string): ParsedKey | null {
  const match = FORM.exec(key);
  if (!match) return null;
  const [, id = '', secret = '', sum] = match;
  return sum === checksum(`${KEY_PREFIX}${id}${secret}`) ? { id, secret } : null;
}

/** Whether a text can be a key's public id. */
export function isKeyId(text: string): boolean {
  return text.length === ID_CHARS && /^[0-9A-Za-z]+$/.test(text);
}

/** What is stored of a secret. 256 random bits need no slow hash (ASVS 6.5.2). */
export function hashSecret(secret: string): string {
  return hash('sha256', secret);
}

/** What may be shown of a key: its prefix and its public id. */
export function maskedKey(id: string): string {
  return `${KEY_PREFIX}${id}…`;
}

function checksum(text: string): string {
  return digits(BigInt(crc32(text)), CHECKSUM_CHARS);
}

function base62(bytes: Buffer, length: number): string {
  return digits(BigInt(`0x${bytes.toString('hex')}`), length);
}

/** The lowest `length` digits of a number in base 62. */
function digits(number: bigint, length: number): string {
  let rest = number;
  let text = '';
  for (let at = 0; at < length; at += 1) {
    text = `${ALPHABET[Number(rest % 62n)]}${text}`;
    rest /= 62n;
  }
  return text;
}
