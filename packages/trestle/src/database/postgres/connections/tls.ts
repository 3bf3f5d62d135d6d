import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { StartError } from '../../../start-error.ts';

/** The `sslmode`s of libpq (manual, section 32.19), and `allow`, which it has for old times' sake and is taken as `prefer`. */
const MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
type Mode = (typeof MODES)[number];

export interface Tls {
  /** False: no TLS. */
  readonly options: ConnectionOptions | false;
  /** Go on without TLS where the server has none (`prefer`). */
  readonly optional: boolean;
}

/**
 * TLS as libpq's parameters ask for it (default `prefer`): `sslmode`, `sslrootcert` (a file, or `system`), `sslcert`, `sslkey`.
 * `require` encrypts and checks no certificate, unless `sslrootcert` names one: then it is `verify-ca`.
 */
export function tlsOf(parameters: URLSearchParams, environment: NodeJS.ProcessEnv = process.env): Tls {
  const given = (name: string) => parameters.get(name) ?? environment[`PG${name.toUpperCase()}`] ?? undefined;
  const root = given('sslrootcert');
  const asked = given('sslmode') ?? (root === 'system' ? 'verify-full' : 'prefer');
  const mode = MODES.find((known) => known === asked);
  if (!mode) throw new StartError(`sslmode=${asked} is not known; it is one of ${MODES.join(', ')}`);
  if (mode === 'disable') return { options: false, optional: false };
  const [cert, key] = [given('sslcert'), given('sslkey')];
  const own = { ...(cert && { cert: fileOf('sslcert', cert) }), ...(key && { key: fileOf('sslkey', key) }) };
  const options = { ...own, ...verification(mode, root) };
  return { options, optional: mode === 'prefer' || mode === 'allow' };
}

function verification(mode: Mode, root: string | undefined): ConnectionOptions {
  const ca = root === undefined || root === 'system' ? {} : { ca: fileOf('sslrootcert', root) };
  if (mode === 'verify-full') return { ...ca, rejectUnauthorized: true };
  if (root === 'system')
    throw new StartError(
      'sslrootcert=system needs sslmode=verify-full: any name may have a public certificate',
    );
  if (mode === 'verify-ca' || (mode === 'require' && root !== undefined)) {
    if (root === undefined)
      throw new StartError(`sslmode=${mode} needs sslrootcert=FILE, the authority to trust`);
    return { ...ca, rejectUnauthorized: true, checkServerIdentity: () => undefined };
  }
  return { rejectUnauthorized: false };
}

function fileOf(parameter: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new StartError(`${parameter}=${path} cannot be read`, { cause: error });
  }
}
