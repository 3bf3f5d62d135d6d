import type { Duration } from 'trestle';

const { env } = process;

/** Settings of an installation, each read when it is used. */
export const settings = {
  /** Lifetime of API keys: `TRESTLE_PACKAGES_KEY_LIFETIME` (default: 15d). */
  keyLifetime: (): Duration | 'never' => (env.TRESTLE_PACKAGES_KEY_LIFETIME || '15d') as Duration | 'never',
  /** Whether sources may be private addresses: `TRESTLE_PACKAGES_ALLOW_PRIVATE_SOURCES=1` (default: no). */
  allowPrivate: () => env.TRESTLE_PACKAGES_ALLOW_PRIVATE_SOURCES === '1',
  /** Redirects that a source may answer with: `TRESTLE_PACKAGES_REDIRECTS` (default: 0, at most 5). */
  redirects: () => number(env.TRESTLE_PACKAGES_REDIRECTS, 0),
  /** The folder that `file:` sources may be in: `TRESTLE_PACKAGES_SOURCES` (default: none). */
  sources: () => env.TRESTLE_PACKAGES_SOURCES || null,
  /** Maximum bytes of a download: `TRESTLE_PACKAGES_MAX_BYTES` (default: 2 GiB). */
  maxBytes: (byDefault: number) => number(env.TRESTLE_PACKAGES_MAX_BYTES, byDefault),
  /** Maximum seconds of a download: `TRESTLE_PACKAGES_MAX_SECONDS` (default: 600). */
  maxSeconds: (byDefault: number) => number(env.TRESTLE_PACKAGES_MAX_SECONDS, byDefault),
  /** Seconds of a transfer that is only simulated: `TRESTLE_PACKAGES_SIMULATED_SECONDS` (default: 3). */
  simulated: () => number(env.TRESTLE_PACKAGES_SIMULATED_SECONDS, 3),
};

/**
 * The variables of the original, where the engine's own (`DATABASE_URL`, `TRESTLE_ADMIN_SECRET`) are not set: its secret, and
 * PostgreSQL's address where FASTAPI_PACKAGES_DB_ENGINE names PostgreSQL. The defaults are those of the original.
 */
export function originalDefaults(variables: NodeJS.ProcessEnv = env): {
  database: string | undefined;
  administratorSecret: string | undefined;
} {
  const given = (name: string, byDefault: string) => encodeURIComponent(variables[name] || byDefault);
  const engine = variables.FASTAPI_PACKAGES_DB_ENGINE?.toLowerCase() ?? '';
  if (!['', 'sqlite', 'postgres', 'postgresql'].includes(engine))
    throw new TypeError(`FASTAPI_PACKAGES_DB_ENGINE: expected sqlite or postgresql, got '${engine}'`);
  const user = `${given('POSTGRESQL_USERNAME', 'postgres')}:${given('POSTGRESQL_PASSWORD', 'password')}`;
  const port = variables.POSTGRESQL_SERVER_PORT || variables.POSTGRESQL_PORT || '5432';
  const host = `${variables.POSTGRESQL_SERVER || 'localhost'}:${port}`;
  const name = given('POSTGRESQL_DATABASE_NAME', 'packages');
  const mode = given('POSTGRESQL_SSL_MODE', 'prefer');
  return {
    database: engine.startsWith('postgres')
      ? `postgres://${user}@${host}/${name}?sslmode=${mode}`
      : undefined,
    administratorSecret: variables.FASTAPI_SIMPLE_SECURITY_SECRET || undefined,
  };
}

/** Throws for anything but a number, so that a mistyped limit is not no limit. */
function number(text: string | undefined, byDefault: number): number {
  if (text === undefined || text === '') return byDefault;
  const value = Number(text);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new TypeError(`expected a number of 0 or more in the environment, got '${text}'`);
}
