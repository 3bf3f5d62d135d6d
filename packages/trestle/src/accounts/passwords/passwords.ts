import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { isDeepStrictEqual, promisify } from 'node:util';
import { Problem } from '../../problems.ts';
import { normalizePassword } from './credentials.ts';

const compute = promisify(argon2);
const SALT_BYTES = 16;
const TAG_BYTES = 32;

export interface PasswordsOptions {
  /** Default: 19 MiB, 2 passes, 1 lane. Hashes of another cost are computed anew at the next sign-in. */
  cost?: HashCost;
  /** Default: as many at once as there are cores but one, and 32 waiting. */
  queue?: QueueSize;
}

interface Verdict {
  ok: boolean;
  /** The password is right and its hash has another cost than new ones. */
  outdated: boolean;
}

/**
 * Hashes and checks passwords: Argon2id (RFC 9106) on Node's thread pool, a few at a time, so that a storm of sign-ins leaves the
 * rest of the server alone.
 */
export class Passwords {
  readonly #cost: HashCost;
  readonly #queue: QueueSize;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  /** Checked where there is no hash, so that this takes as long. No password has it. */
  readonly #nobody: StoredHash;

  constructor({ cost = HASH_COST, queue }: PasswordsOptions = {}) {
    this.#cost = cost;
    this.#queue = queue ?? { running: Math.max(1, availableParallelism() - 1), waiting: 32 };
    const text = formatHash({ cost, salt: randomBytes(SALT_BYTES), tag: randomBytes(TAG_BYTES) });
    const nobody = parseHash(text);
    if (!nobody) throw new TypeError(`an Argon2id cost that cannot be computed: ${JSON.stringify(cost)}`);
    this.#nobody = nobody;
  }

  /** A new hash of a password, to be stored. Throws `unavailable` where too many wait. */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(SALT_BYTES);
    const tag = await this.#tag(normalizePassword(password), salt, this.#cost, TAG_BYTES);
    return formatHash({ cost: this.#cost, salt, tag });
  }

  /**
   * Whether a password belongs to a stored hash. Hashes of older versions are of the password as it was typed, so each of
   * its forms is tried; how many there are says nothing of the account. Without a hash, and with one that cannot be read, it does the same work
   * and answers no. Throws `unavailable` where too many wait.
   */
  async verify(password: string, stored: string | null | undefined): Promise<Verdict> {
    const known = stored ? parseHash(stored) : undefined;
    const { cost, salt, tag } = known ?? this.#nobody;
    const typed = [password, password.normalize('NFC'), password.normalize('NFD')];
    const forms = new Set([normalizePassword(password), ...typed]);
    for (const [at, form] of [...forms].entries()) {
      const found = await this.#tag(form, salt, cost, tag.length);
      if (timingSafeEqual(found, tag) && known !== undefined)
        return { ok: true, outdated: at > 0 || !isDeepStrictEqual(cost, this.#cost) };
    }
    return { ok: false, outdated: false };
  }

  /** Waits for a place among those that are computed. Throws `unavailable` (503, `Retry-After: 1`) at once where too many wait. */
  async #tag(password: string, nonce: Buffer, cost: HashCost, tagLength: number): Promise<Buffer> {
    const { running, waiting } = this.#queue;
    if (this.#running < running) this.#running += 1;
    else if (this.#waiting.length >= waiting)
      throw new Problem('unavailable', {
        detail: 'Too many passwords are being checked just now. Try again in a second.',
        headers: { 'Retry-After': '1' },
      });
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      const message = Buffer.from(password, 'utf8');
      return await compute('argon2id', { message, nonce, tagLength, ...cost });
    } finally {
      const next = this.#waiting.shift();
      // The place is handed on as it is, so that nobody who comes in between takes it.
      if (next) next();
      else this.#running -= 1;
    }
  }
}

/** Cost of an Argon2id hash. */
interface HashCost {
  /** KiB of memory. */
  memory: number;
  passes: number;
  parallelism: number;
}

/** The least OWASP's password storage cheat sheet and ASVS 5 (appendix C) accept. */
const HASH_COST: HashCost = { memory: 19_456, passes: 2, parallelism: 1 };

/** The least that Argon2 takes (RFC 9106, 3.1): for tests, whose passwords are no secrets. */
export const MIN_HASH_COST: HashCost = { memory: 8, passes: 1, parallelism: 1 };

interface StoredHash {
  cost: HashCost;
  salt: Buffer;
  tag: Buffer;
}

const PHC = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

/** A hash with its parameters as text, in the PHC string format. */
export function formatHash({ cost, salt, tag }: StoredHash): string {
  const { memory, passes, parallelism } = cost;
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(tag)}`;
}

/** The parts of a stored hash; undefined where the text is none that could be computed here. */
export function parseHash(text: string): StoredHash | undefined {
  const match = PHC.exec(text);
  if (!match) return undefined;
  const [memory = 0, passes = 0, parallelism = 0] = match.slice(1, 4).map(Number);
  const salt = Buffer.from(match[4] ?? '', 'base64');
  const tag = Buffer.from(match[5] ?? '', 'base64');
  const computable = parallelism >= 1 && passes >= 1 && memory >= 8 * parallelism && memory <= 1_048_576;
  if (!computable || salt.length < 8 || tag.length < 16) return undefined;
  return { cost: { memory, passes, parallelism }, salt, tag };
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

interface QueueSize {
  /** Tasks that run at the same time. */
  running: number;
  /** Tasks that wait. */
  waiting: number;
}
