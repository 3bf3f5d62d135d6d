import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { StartError } from '../../../start-error.ts';
import { closeClient } from './close-client.ts';
import { LIMITS } from './connection-options.ts';

/** Rounds of alternating transactions; one is enough for poolers that hand out the last or the next free connection. */
const ROUNDS = 2;

const READ = "select pg_catalog.current_setting('trestle.session', true) as mark, pg_backend_pid() as pid";

/**
 * Proves that each connection is one session of the server: what is set on it survives between transactions and is seen by no
 * other. Behind a pooler in transaction mode it does not, and with it go time limits, LISTEN and prepared statements.
 * Throws `StartError` with the remedy.
 */
export async function proveSessions(
  client: pg.Client,
  config: pg.ClientConfig,
  target: string,
): Promise<void> {
  const other = new pg.Client({ ...config, query_timeout: LIMITS.connect });
  other.on('error', () => {});
  try {
    await other.connect();
    const mark = async (one: pg.Client) => {
      const own = randomBytes(8).toString('hex');
      await one.query(`set trestle.session to '${own}'`);
      return { one, own, pid: undefined as number | undefined };
    };
    const sessions = [await mark(client), await mark(other)] as const;
    const isKept = async (session: (typeof sessions)[number]) => {
      const { rows } = await session.one.query<{ mark: string | null; pid: number }>(READ);
      const [row] = rows;
      session.pid ??= row?.pid;
      return row?.mark === session.own && row.pid === session.pid;
    };
    const [first, second] = sessions;
    for (let round = 0; round < ROUNDS; round += 1) {
      const kept = [await isKept(first), await isKept(first)];
      if (kept.includes(false)) throw pooled(target);
      await other.query('begin');
      kept.push(await isKept(second), await isKept(first));
      await other.query('rollback');
      if (kept.includes(false)) throw pooled(target);
    }
  } catch (error) {
    throw error instanceof Error && /pooling mode/.test(error.message) ? pooled(target, error) : error;
  } finally {
    await closeClient(other);
  }
}

function pooled(target: string, cause?: unknown): StartError {
  return new StartError(
    `PostgreSQL at ${target} is behind a pooler that gives each transaction another session (transaction or statement ` +
      'pooling), where settings, LISTEN and prepared statements are lost or mixed with those of others. Nothing was changed. ' +
      'Use session pooling (PgBouncer: pool_mode = session), or the direct address of the database.',
    { cause },
  );
}
