import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { BoundedQueue, type QueueSize } from './bounded-queue.ts';
import { normalizePassword, passwordForms } from './credentials.ts';
import { formatHash, HASH_COST, type HashCost, parseHash, sameCost } from './password-hash.ts';

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

/** Hashes and checks passwords: Argon2id (RFC 9106) on Node's thread pool, a few at a time. */
export class Passwords {
  readonly #cost: HashCost;
  readonly #queue: BoundedQueue;
  /** Checked where there is no hash, so that this takes as long. No password has it. */
  readonly #nobody: string;

  constructor({ cost = HASH_COST, queue }: PasswordsOptions = {}) {
    this.#cost = cost;
    this.#queue = new BoundedQueue(
      queue ?? { running: Math.max(1, availableParallelism() - 1), waiting: 32 },
    );
    this.#nobody = formatHash({ cost, salt: randomBytes(SALT_BYTES), tag: randomBytes(TAG_BYTES) });
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
    const { cost, salt, tag } = known ?? this.#stranger();
    for (const [at, form] of passwordForms(password).entries()) {
      const found = await this.#tag(form, salt, cost, tag.length);
      if (timingSafeEqual(found, tag) && known !== undefined)
        return { ok: true, outdated: at > 0 || !sameCost(cost, this.#cost) };
    }
    return { ok: false, outdated: false };
  }

  #stranger() {
    const parsed = parseHash(this.#nobody);
    if (!parsed)
      throw new TypeError(`an Argon2id cost that cannot be computed: ${JSON.stringify(this.#cost)}`);
    return parsed;
  }

  #tag(password: string, nonce: Buffer, cost: HashCost, tagLength: number): Promise<Buffer> {
    const message = Buffer.from(password, 'utf8');
    return this.#queue.run(() => compute('argon2id', { message, nonce, tagLength, ...cost }));
  }
}
