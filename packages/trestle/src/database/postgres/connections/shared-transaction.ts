import type { Columns } from '../../store.ts';
import { faultOf } from '../faults.ts';
import type { Session } from './connection-pool.ts';

/**
 * Longest wait of a statement for a lock, in ms. Meanwhile it holds the locks of those before it, and whoever has the one that it waits
 * for may wait for one of these: PostgreSQL looks for a deadlock only after a second (`deadlock_timeout`).
 */
const LOCK_TIMEOUT_MS = 20;

/** The end of statements in one transaction: the answer of each, and whether all is on disk or was undone. */
interface Ended {
  readonly committed: boolean;
  readonly answers: readonly PromiseSettledResult<Columns[]>[];
}

/**
 * Runs statements in one transaction, all of it sent at once: they share one commit (a group commit). It is undone where one of them fails or waits for
 * a lock, and where the commit fails. Throws where the connection went, which leaves open whether it was committed.
 *
 * @param send sends the statements, and waits for none.
 */
export async function inOneTransaction(
  session: Session,
  patience: number,
  send: () => Promise<Columns[]>[],
): Promise<Ended> {
  const control = (text: string) => {
    const query = { text, query_timeout: patience };
    return session.query(query);
  };
  const { stream } = session.connection;
  stream.cork();
  // Were BEGIN refused, each statement would be a transaction of its own, and COMMIT a warning: their answers hold as well.
  control(`begin; set local lock_timeout to ${LOCK_TIMEOUT_MS}`).catch(() => {});
  const answers = Promise.allSettled(send());
  const commit = control('commit');
  stream.uncork();
  try {
    // PostgreSQL answers ROLLBACK to the COMMIT of a transaction in which a statement has failed.
    const { command } = await commit;
    return { committed: command === 'COMMIT', answers: await answers };
  } catch (error) {
    if (faultOf(error) === 'lost') throw error;
    return { committed: false, answers: await answers };
  }
}
