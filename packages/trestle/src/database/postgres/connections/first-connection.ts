import pg from 'pg';
import { StartError } from '../../../start-error.ts';
import { quotedName } from '../../sql.ts';
import { postgresProblem, sqlState } from '../faults.ts';
import { farewell } from './close-client.ts';
import { type ConnectionOptions, LIMITS } from './connection-options.ts';

/** Older ones are no longer maintained, nor tested here. */
const LEAST_VERSION = 140_000;

/**
 * Connects once: settles whether TLS is spoken, checks the server, makes the schema where it is missing.
 * Gives what all further connections are made with. Throws `StartError` with the remedy, or `unavailable`.
 */
export async function firstConnection(options: ConnectionOptions, schema: string): Promise<pg.ClientConfig> {
  const client = new pg.Client({ ...options.config, query_timeout: LIMITS.connect });
  client.on('error', () => {});
  try {
    await client.connect();
    await check(client);
    await makeSchema(client, schema);
    return options.config;
  } catch (error) {
    const { config, target, tls } = options;
    if (hasNoTls(error) && tls.optional && config.ssl !== false)
      return await firstConnection({ ...options, config: { ...config, ssl: false } }, schema);
    const remedy = remedyFor(error);
    throw remedy
      ? new StartError(`PostgreSQL at ${target} ${remedy}`, { cause: error })
      : postgresProblem(error);
  } finally {
    await farewell(client);
  }
}

function hasNoTls(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('The server does not support SSL');
}

/** What is wrong with the set-up, where it is that; undefined where trying again may help. */
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
  return undefined;
}

async function check(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ version: number; encoding: string }>(
    "select current_setting('server_version_num')::int as version, current_setting('server_encoding') as encoding",
  );
  const [row] = rows;
  if (row && row.version < LEAST_VERSION)
    throw new StartError(`PostgreSQL ${row.version / 10_000} is too old; 14 or later is needed`);
  if (row && row.encoding !== 'UTF8')
    throw new StartError(`the database's encoding is ${row.encoding}; create it with encoding UTF8`);
}

async function makeSchema(client: pg.Client, schema: string): Promise<void> {
  const { rowCount } = await client.query('select 1 from pg_namespace where nspname = $1', [schema]);
  if (rowCount) return;
  try {
    await client.query(`create schema if not exists ${quotedName(schema)}`);
  } catch (error) {
    // Two processes that start together may both find it missing.
    if (sqlState(error) !== '23505' && sqlState(error) !== '42P06') throw error;
  }
}
