import { hash, randomBytes } from 'node:crypto';

/** Prefix of every API key: secret scanners find leaked keys by it. */
export const KEY_PREFIX = 'trs_live_';
const ID_CHARS = 12;
const SECRET_BYTES = 32;

/** How a key is written: its digits, and how many of them 256 and 32 bits take. */
interface Encoding {
  readonly digits: string;
  readonly secretChars: number;
  readonly checksumChars: number;
}

const BASE62: Encoding = {
  digits: '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
  secretChars: 43,
  checksumChars: 6,
};
/** For clients that lower-case keys. */
const BASE36: Encoding = {
  digits: '0123456789abcdefghijklmnopqrstuvwxyz',
  secretChars: 50,
  checksumChars: 7,
};

const MASKED = new RegExp(`^${KEY_PREFIX}([0-9A-Za-z]{${ID_CHARS}})(?:\u2026|\\.{3})?$`);

/** An API key taken apart. */
export interface ParsedKey {
  id: string;
  secret: string;
}

/**
 * Makes a key: `trs_live_`, a public id of 12 characters, a secret of 256 random bits, and the CRC-32 of all that, by which
 * a mistyped key is told without asking the database. 70 characters in base 62, or 78 in base 36, without upper case.
 */
export function newKey(lowerCase: boolean): ParsedKey & { key: string } {
  const encoding = lowerCase ? BASE36 : BASE62;
  const id = encode(randomBytes(ID_CHARS), ID_CHARS, encoding);
  const secret = encode(randomBytes(SECRET_BYTES), encoding.secretChars, encoding);
  const body = `${KEY_PREFIX}${id}${secret}`;
  return { id, secret, key: body + checksum(body, encoding) };
}

/** The parts of a key; null where the text is no key or its checksum is wrong. */
export function parseKey(key: string): ParsedKey | null {
  for (const encoding of [BASE62, BASE36]) {
    const secretAt = KEY_PREFIX.length + ID_CHARS;
    const checksumAt = secretAt + encoding.secretChars;
    if (key.length !== checksumAt + encoding.checksumChars || !key.startsWith(KEY_PREFIX)) continue;
    const isOurs = key.slice(checksumAt) === checksum(key.slice(0, checksumAt), encoding);
    return isOurs
      ? { id: key.slice(KEY_PREFIX.length, secretAt), secret: key.slice(secretAt, checksumAt) }
      : null;
  }
  return null;
}

/** Keys of other systems: visible ASCII, long enough that a fast hash is safe where they are random, shorter than our own. */
const FOREIGN_KEY = /^[!-~]{20,64}$/;

/** The parts of a key that another system made: all of it is the secret, and its public id follows from it; null for other texts. */
export function parseForeignKey(key: string): ParsedKey | null {
  if (key.startsWith(KEY_PREFIX) || !FOREIGN_KEY.test(key)) return null;
  return { id: encode(hash('sha256', `id of ${key}`, 'buffer'), ID_CHARS, BASE62), secret: key };
}

/** The public id of a key that is shown masked, with or without its ellipsis; null for anything else. */
export function maskedKeyId(text: string): string | null {
  return MASKED.exec(text)?.[1] ?? null;
}

/** Whether a text can be a key's public id. */
export function isKeyId(text: string): boolean {
  return text.length === ID_CHARS && /^[0-9A-Za-z]+$/.test(text);
}

/** Hash of a secret, which is all that is stored of it. 256 random bits need no slow hash (ASVS 6.5.2). */
export function hashSecret(secret: string): string {
  return hash('sha256', secret);
}

/** A key as it may be shown: its prefix and its public id. */
export function maskedKey(id: string): string {
  return `${KEY_PREFIX}${id}\u2026`;
}

function checksum(text: string, encoding: Encoding): string {
  const crc = Buffer.alloc(4);
  // A module that no start needs.
  crc.writeUInt32BE(process.getBuiltinModule('node:zlib').crc32(text));
  return encode(crc, encoding.checksumChars, encoding);
}

/** The lowest `length` digits of a big-endian number. */
function encode(bytes: Buffer, length: number, { digits }: Encoding): string {
  let rest = BigInt(`0x${bytes.toString('hex')}`);
  const base = BigInt(digits.length);
  let text = '';
  for (let at = 0; at < length; at += 1) {
    text = `${digits[Number(rest % base)]}${text}`;
    rest /= base;
  }
  return text;
}
