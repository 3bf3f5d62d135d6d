/** What an Argon2id hash costs. */
export interface HashCost {
  /** KiB of memory. */
  memory: number;
  passes: number;
  parallelism: number;
}

/** The least OWASP's password storage cheat sheet and ASVS 5 (appendix C) accept. */
export const HASH_COST: HashCost = { memory: 19_456, passes: 2, parallelism: 1 };

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

export function sameCost(a: HashCost, b: HashCost): boolean {
  return a.memory === b.memory && a.passes === b.passes && a.parallelism === b.parallelism;
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
