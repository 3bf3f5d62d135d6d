import type pg from 'pg';
import { StartError } from '../../../start-error.ts';
import { valueTypes } from '../value-parsers.ts';
import { type Tls, tlsOf } from './tls.ts';

const TLS_PARAMETERS = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey'];

/** Milliseconds. PostgreSQL has none of these by default; without them one stuck session can hold up all others. */
export const LIMITS = {
  statement: 5_000,
  lock: 2_000,
  idleInTransaction: 10_000,
  connect: 3_000,
  keepAlive: 10_000,
  /** How much longer than the server's own limit an answer is waited for before the connection is given up. */
  grace: 250,
} as const;

export interface ConnectionOptions {
  readonly config: pg.ClientConfig;
  /** Where it connects to, for messages: without user and password. */
  readonly target: string;
  readonly tls: Tls;
}

/** Parses a `postgres://` URL into pg's options. Throws `StartError` for an invalid URL. */
export function connectionOptions(url: string, application: string): ConnectionOptions {
  const [address = '', query = ''] = url.split('?', 2);
  if (!/^postgres(ql)?:\/\//.test(address))
    throw new StartError('expected a database URL such as postgres://user:password@host:5432/name');
  const parameters = new URLSearchParams(query);
  const tls = tlsOf(parameters);
  for (const name of TLS_PARAMETERS) parameters.delete(name);
  const rest = parameters.size > 0 ? `?${parameters}` : '';
  const config: pg.ClientConfig = {
    connectionString: `${address}${rest}`,
    ssl: tls.options,
    connectionTimeoutMillis: LIMITS.connect,
    keepAlive: true,
    keepAliveInitialDelayMillis: LIMITS.keepAlive,
    fallback_application_name: application,
    types: valueTypes,
    // BEGIN travels with the first statement instead of waiting for its own answer.
    pipeline: true,
  };
  return { config, target: address.replace(/\/\/[^@/]*@/, '//'), tls };
}

/** The settings of every session, in one round trip. `statement`: maximum milliseconds of a statement (0: no limit). */
export function sessionSettings(statement: number, idleInTransaction: number): string {
  const settings = {
    // Every statement names its schema: a table that does not is not found, rather than found in another's schema.
    search_path: '',
    TimeZone: 'UTC',
    DateStyle: 'ISO',
    client_min_messages: 'warning',
    statement_timeout: statement,
    lock_timeout: LIMITS.lock,
    idle_in_transaction_session_timeout: idleInTransaction,
  };
  return Object.entries(settings)
    .map(([name, value]) => `set ${name} to ${typeof value === 'number' ? value : `'${value}'`}`)
    .join('; ');
}
