import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { StartError } from '../../../start-error.ts';
import { quotedName } from '../../sql.ts';
import { passes, sqlState } from '../faults.ts';
import { closeClient } from './close-client.ts';
import { type ConnectionOptions, LIMITS } from './connection-options.ts';
import { proveSessions } from './session-proof.ts';

/** Older ones are no longer maintained, nor tested here. */
const MIN_VERSION = 140_000;
/** Between two attempts to connect. */
const RETRY_MS = 250;

interface FirstConnectionOptions {
  readonly schema: string;
  /** How long a server that does not answer yet is waited for, in ms. */
  readonly startTimeout: number;
  /** Called once where the server has to be waited for, with a sentence for the terminal. */
  readonly waiting: (words: string) => void;
}

/**
 * Waits for the server, settles whether TLS is spoken, checks the server, makes the schema where it is missing.
 * Answers what all further connections are made with. Throws `StartError` with the remedy.
 */
export async function firstConnection(
  options: ConnectionOptions,
  { schema, startTimeout, waiting }: FirstConnectionOptions,
): Promise<pg.ClientConfig> {
  const deadline = performance.now() + startTimeout;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await connectOnce(options, schema);
    } catch (error) {
      if (error instanceof StartError) throw error;
      const { target } = options;
      const reason = error instanceof Error ? error.message || error.name : String(error);
      if (!passes(error))
        throw new StartError(`PostgreSQL at ${target} cannot be used: ${reason}`, { cause: error });
      const seconds = startTimeout / 1000;
      if (performance.now() + RETRY_MS > deadline)
        throw new StartError(
          `PostgreSQL at ${target} did not answer within ${seconds} s: ${reason}. ` +
            'Start it, or correct the database URL (--database, DATABASE_URL).',
          { cause: error },
        );
      if (attempt === 0) waiting(`waiting for PostgreSQL at ${target}, at most ${seconds} s (${reason})`);
      await pause(RETRY_MS);
    }
  }
}

async function connectOnce(options: ConnectionOptions, schema: string): Promise<pg.ClientConfig> {
  const client = new pg.Client({ ...options.config, query_timeout: LIMITS.connect });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ version: number; encoding: string }>(
      "select current_setting('server_version_num')::int as version, current_setting('server_encoding') as encoding",
    );
    const [row] = rows;
    if (row && row.version < MIN_VERSION)
      throw new StartError(`PostgreSQL ${row.version / 10_000} is too old; 14 or later is needed`);
    if (row && row.encoding !== 'UTF8')
      throw new StartError(`the database's encoding is ${row.encoding}; create it with encoding UTF8`);
    await proveSessions(client, options.config, options.target);
    const { rowCount } = await client.query('select 1 from pg_namespace where nspname = $1', [schema]);
    if (!rowCount)
      await client.query(`create schema if not exists ${quotedName(schema)}`).catch((error: unknown) => {
        // Two processes that start together may both find it missing.
        if (sqlState(error) !== '23505' && sqlState(error) !== '42P06') throw error;
      });
    return options.config;
  } catch (error) {
    const { config, target, tls } = options;
    if (hasNoTls(error) && tls.optional && config.ssl !== false)
      return await connectOnce({ ...options, config: { ...config, ssl: false } }, schema);
    const remedy = remedyFor(error);
    throw remedy ? new StartError(`PostgreSQL at ${target} ${remedy}`, { cause: error }) : error;
  } finally {
    await closeClient(client);
  }
}

function hasNoTls(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('The server does not support SSL');
}

/** The remedy for a wrong configuration; undefined where a retry may help. */
function remedyFor(error: unknown): string | undefined {
  if (hasNoTls(error)) return 'has no TLS, which sslmode asks for';
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (/CERT|SIGNATURE/.test(code) && error instanceof Error)
    return `has a certificate that sslmode and sslrootcert do not allow: ${error.message}`;
  const state = sqlState(error) ?? '';
  if (state.startsWith('28')) return 'refuses the user or the password';
  if (state === '3D000') return 'has no such database; create it first';
  if (state === '42501')
    return 'does not let this user make the schema; create it, or grant CREATE on the database';
  if (state === '08P01' && error instanceof Error)
    return `is behind a pooler that refuses the connection: ${error.message}; use the direct address, or correct the pooler`;
  return undefined;
}
