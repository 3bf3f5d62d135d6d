import { ConnectionMonitor } from './connections/connection-monitor.ts';
import { connectionOptions, LIMITS, sessionSettings } from './connections/connection-options.ts';
import { ConnectionPool } from './connections/connection-pool.ts';
import { firstConnection } from './connections/first-connection.ts';
import { PoolShare } from './connections/pool-share.ts';
import { postgresProblem } from './faults.ts';
import { PostgresStore } from './postgres-store.ts';

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
  /** How long a server that does not answer is waited for at start, in ms (default: 0, one attempt). */
  startTimeout?: number;
  /** Called once where it has to be waited for, with a sentence for the terminal. */
  waiting?: (words: string) => void;
  /** The session's application name in PostgreSQL (default: `trestle SCHEMA`). */
  application?: string;
  /** Told of errors of connections, for the log (default: nobody is). */
  failed?: (error: unknown) => void;
}

/** A slow reader of a whole list may pause this long between two parts, in ms. */
const STREAM_PAUSE = 60_000;

/** Part of the connections that reads which may look at many rows may have, rounded down: of two, one is left to others. */
const SCANS = 0.6;

/**
 * Opens one app's schema in the database of a `postgres://` URL, with `sslmode` and its companions as libpq has them.
 * Throws `StartError` where the URL, the user, the certificate or the server's version will not do, where nobody answers, and
 * behind a pooler that does not keep sessions.
 */
export async function openPostgres(url: string, options: PostgresOptions): Promise<PostgresStore> {
  const { schema, poolSize = 10, streams = 2, wait = 2_000, statementTimeout = LIMITS.statement } = options;
  const { application = `trestle ${schema}`, failed = () => {} } = options;
  const { startTimeout = 0, waiting = () => {} } = options;
  const connection = connectionOptions(url, application);
  const config = await firstConnection(connection, { schema, startTimeout, waiting });
  const settings = sessionSettings(statementTimeout, LIMITS.idleInTransaction);
  const monitor = new ConnectionMonitor({ config, settings, target: connection.target, failed });
  const shared = {
    config,
    wait,
    reachable: () => !monitor.unreachable,
    failed(error: unknown) {
      monitor.checkNow();
      failed(error);
    },
  };
  const forStreams = sessionSettings(statementTimeout, STREAM_PAUSE);
  await monitor.open().catch((error: unknown) => {
    throw postgresProblem(error);
  });
  const pool = new ConnectionPool({ ...shared, size: poolSize, keep: 1, settings });
  return new PostgresStore({
    schema,
    pool,
    scans: new PoolShare(pool, { size: Math.max(1, Math.floor(poolSize * SCANS)), wait }),
    streams: new ConnectionPool({ ...shared, size: streams, keep: 0, settings: forStreams }),
    monitor,
    patience: statementTimeout === 0 ? 0 : statementTimeout + LIMITS.grace,
  });
}
