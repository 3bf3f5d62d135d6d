import pg from 'pg';
import { StartError } from '../../start-error.ts';
import {
  type ConnectionOptions,
  connectionOptions,
  LIMITS,
  quoted,
  sessionSettings,
} from './connection-options.ts';
import { postgresProblem, sqlState } from './faults.ts';
import { PostgresStore } from './postgres-store.ts';
import { Sessions } from './sessions.ts';
import { Watch } from './watch.ts';

export interface PostgresOptions {
  /** The schema that holds the app's tables; made where it is missing. */
  schema: string;
  /** Most connections of this process for requests (default: 10). One more watches, `streams` more send whole lists. */
  poolSize?: number;
  /** Most whole lists that are sent at once (default: 2). */
  streams?: number;
  /** Longest wait for a free connection, in ms, before 503 (default: 2,000). */
  wait?: number;
  /** Longest run of a statement, in ms (default: 5,000). */
  statementTimeout?: number;
  /** What PostgreSQL shows as the session's application (default: `trestle SCHEMA`). */
  application?: string;
  /** Told of errors of connections, for the log (default: nobody is). */
  failed?: (error: unknown) => void;
}

/** A slow reader of a whole list may pause this long between two parts, in ms. */
const STREAM_PAUSE = 60_000;
/** The oldest PostgreSQL that is tested, and older ones are no longer maintained. */
const LEAST_VERSION = 140_000;

/**
 * Opens one app's schema in the database of a `postgres://` URL, with `sslmode` and its companions as libpq has them.
 * Throws `StartError` where the URL, the server's version or its encoding will not do, `unavailable` where nobody answers.
 */
export async function openPostgres(url: string, options: PostgresOptions): Promise<PostgresStore> {
  const { schema, poolSize = 10, streams = 2, wait = 2_000, statementTimeout = LIMITS.statement } = options;
  const { application = `trestle ${schema}`, failed = () => {} } = options;
  const connection = connectionOptions(url, application);
  const config = await prepare(connection, schema);
  const settings = sessionSettings(schema, statementTimeout, LIMITS.idleInTransaction);
  const watch = new Watch({ config, settings, target: connection.target, failed });
  const shared = {
    config,
    wait,
    reachable: () => !watch.away,
    failed(error: unknown) {
      watch.suspect();
      failed(error);
    },
  };
  const forStreams = sessionSettings(schema, statementTimeout, STREAM_PAUSE);
  await watch.open().catch((error: unknown) => {
    throw postgresProblem(error);
  });
  return new PostgresStore({
    schema,
    sessions: new Sessions({ ...shared, size: poolSize, keep: 1, settings }),
    streams: new Sessions({ ...shared, size: streams, keep: 0, settings: forStreams }),
    watch,
    patience: statementTimeout === 0 ? 0 : statementTimeout + LIMITS.grace,
  });
}

/** Connects once: settles whether TLS is spoken, checks the server, makes the schema. */
async function prepare({ config, target, tls }: ConnectionOptions, schema: string): Promise<pg.ClientConfig> {
  const client = new pg.Client(config);
  client.on('error', () => {});
  try {
    await client.connect();
    await check(client);
    await makeSchema(client, schema);
    return config;
  } catch (error) {
    const withoutTls = error instanceof Error && error.message.startsWith('The server does not support SSL');
    if (withoutTls && tls.optional && config.ssl !== false)
      return prepare({ config: { ...config, ssl: false }, target, tls }, schema);
    if (withoutTls)
      throw new StartError(`PostgreSQL at ${target} has no TLS, which sslmode asks for`, { cause: error });
    if (sqlState(error)?.startsWith('28'))
      throw new StartError(`PostgreSQL at ${target} refuses the user or the password`, { cause: error });
    throw postgresProblem(error);
  } finally {
    await client.end();
  }
}

async function check(client: pg.Client): Promise<void> {
  const text =
    "select current_setting('server_version_num')::int as version, current_setting('server_encoding') as encoding";
  const { rows } = await client.query<{ version: number; encoding: string }>(text);
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
    await client.query(`create schema if not exists ${quoted(schema)}`);
  } catch (error) {
    // Two processes that start together may both find it missing.
    if (sqlState(error) !== '23505' && sqlState(error) !== '42P06') throw error;
  }
}
