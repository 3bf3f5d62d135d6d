import type { Columns } from '../../store.ts';
import { faultOf } from '../faults.ts';
import type { Session } from './connection-pool.ts';

/**
 * Runs statements in one transaction, all of it sent at once: they share one commit. Answers them once that is on disk, and
 * undefined where it was undone: one of them failed, or the commit. Throws where the connection went, which leaves open whether it
 * was committed.
 *
 * @param send sends the statements, and waits for none.
 */
export async function inOneTransaction(
  session: Session,
  patience: number,
  send: () => Promise<Columns[]>[],
): Promise<PromiseSettledResult<Columns[]>[] | undefined> {
  const control = (text: string) => {
    const query = { text, query_timeout: patience };
    return session.query(query);
  };
  const { stream } = session.connection;
  stream.cork();
  // Were BEGIN refused, each statement would be a transaction of its own, and COMMIT a warning: their answers hold as well.
  control('begin').catch(() => {});
  const answers = Promise.allSettled(send());
  const commit = control('commit');
  stream.uncork();
  try {
    const { command } = await commit;
    // PostgreSQL answers ROLLBACK to the COMMIT of a transaction in which a statement has failed.
    return command === 'COMMIT' ? await answers : undefined;
  } catch (error) {
    if (faultOf(error) === 'lost') throw error;
    return undefined;
  }
}
