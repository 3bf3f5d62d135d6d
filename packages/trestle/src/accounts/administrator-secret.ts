import { hash, randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../start-error.ts';
import { readOrMake } from './secret-file.ts';

export const ADMINISTRATOR_SECRET_FILE = 'administrator-secret';

/** An administrator's secret that nobody chose. */
interface GeneratedSecret {
  /** SHA-256, in hexadecimal: all that is kept. */
  readonly hash: string;
  /** The secret itself, in the process that made it, to be shown this once. */
  readonly secret: string | undefined;
  /** Removes a secret that was made here and that nobody has seen. */
  forget(): void;
}

/** The administrator's secret of a data folder, made at the first start. Removing the file makes another. */
export function openGeneratedSecret(folder: string): GeneratedSecret {
  let made: string | undefined;
  const text = readOrMake(folder, ADMINISTRATOR_SECRET_FILE, () => {
    made = randomBytes(24).toString('base64url');
    return secretHash(made);
  }).trim();
  if (!/^[0-9a-f]{64}$/.test(text))
    throw new StartError(
      `${join(folder, ADMINISTRATOR_SECRET_FILE)} holds no hash; remove it for a new secret`,
    );
  // Another process may have been first.
  const secret = made !== undefined && secretHash(made) === text ? made : undefined;
  return { hash: text, secret, forget: () => secret && rmSync(join(folder, ADMINISTRATOR_SECRET_FILE)) };
}

/** 192 random bits need no slow hash (ASVS 6.5.2). */
function secretHash(secret: string): string {
  return hash('sha256', secret);
}
