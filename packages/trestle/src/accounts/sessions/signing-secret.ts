import { createHash, hkdfSync, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { StartError } from '../../start-error.ts';
import { readOrMake } from '../secret-file.ts';

const FILE = 'signing-secret';
const MIN_BYTES = 32;

/** Secrets of one data folder: the first signs, all of them verify. Keys for each app and purpose are derived from them. */
export interface SigningSecret {
  readonly secrets: readonly [Buffer, ...Buffer[]];
}

interface SigningSecretOptions {
  /** `TRESTLE_SIGNING_SECRET`: at least 32 bytes (default: the file in the data folder, made where it is missing). */
  current?: string | undefined;
  /** `TRESTLE_SIGNING_SECRET_PREVIOUS`: still verifies, while tokens signed with it are about. */
  previous?: string | undefined;
}

/** A key for one purpose, and the public name that tokens give it. */
interface DerivedKey {
  readonly kid: string;
  readonly key: Buffer;
}

/**
 * The secret that tokens, cursors and the like are signed with: from the environment, or from `signing-secret` in the
 * data folder, which is made with 32 random bytes and mode 0600 on the first start. Processes that start together agree
 * on one. Throws `StartError` for a secret that is too short.
 */
export function openSigningSecret(folder: string, options: SigningSecretOptions = {}): SigningSecret {
  const { current, previous } = options;
  const first = current
    ? checked(current, 'TRESTLE_SIGNING_SECRET')
    : checked(
        readOrMake(folder, FILE, () => randomBytes(MIN_BYTES).toString('base64url')),
        join(folder, FILE),
      );
  return { secrets: previous ? [first, checked(previous, 'TRESTLE_SIGNING_SECRET_PREVIOUS')] : [first] };
}

/** The keys of one purpose, the signing one first: HKDF (RFC 5869), so that no app's or purpose's key opens another's. */
export function deriveKeys(
  secret: SigningSecret,
  app: string,
  purpose: string,
): [DerivedKey, ...DerivedKey[]] {
  const derive = (bytes: Buffer): DerivedKey => {
    const key = Buffer.from(hkdfSync('sha256', bytes, '', `trestle/${app}/${purpose}`, 32));
    return { key, kid: createHash('sha256').update(key).digest('base64url').slice(0, 12) };
  };
  const [first, ...others] = secret.secrets;
  return [derive(first), ...others.map(derive)];
}

function checked(text: string, where: string): Buffer {
  const bytes = Buffer.from(text.trim(), 'utf8');
  if (bytes.length >= MIN_BYTES) return bytes;
  throw new StartError(
    `${where} holds ${bytes.length} bytes; a signing secret needs at least ${MIN_BYTES}. ` +
      'Make one with: node -p "crypto.randomBytes(32).toString(\'base64url\')"',
  );
}
