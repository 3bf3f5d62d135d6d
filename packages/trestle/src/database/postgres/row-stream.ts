import type { Statement } from '../statement.ts';
import type { Columns, Value } from '../store.ts';
import { type Connections, run, type Session } from './connections/connection-pool.ts';
import { faultOf, postgresProblem, spoilsSession } from './faults.ts';

interface RowStreamOptions {
  readonly statement: Statement;
  readonly values: readonly Value[];
  /** Rows of one part. */
  readonly size: number;
  /** Longest wait for one part, in ms. */
  readonly patience: number;
  /** Whether all of them are read for sure, and the plan is to be made for that (default: for the first ones). */
  readonly whole?: boolean;
}

/** The rows of a statement in parts, through a cursor of a read-only transaction that sees one snapshot. */
export async function* rowStream(pool: Connections, options: RowStreamOptions): AsyncGenerator<Columns[]> {
  const session = await open(pool, options);
  const fetch = { name: '', sql: `fetch ${options.size} from rows`, slots: [] };
  let spoiled = false;
  try {
    for (;;) {
      const part = await run(session, fetch, [], options.patience);
      if (part.length > 0) yield part;
      if (part.length < options.size) break;
    }
  } catch (error) {
    spoiled = spoilsSession(error);
    throw postgresProblem(error, options.statement.sql);
  } finally {
    // A reader that leaves early comes here too, with the cursor still open: the rollback closes it.
    pool.give(session, spoiled || !(await rolledBack(session, options.patience)));
  }
}

/** A connection with the cursor open. Tried twice: a connection that lay idle may have gone unnoticed. */
async function open(pool: Connections, options: RowStreamOptions, attempts = 2): Promise<Session> {
  const session = await pool.take();
  try {
    await declare(session, options);
    return session;
  } catch (error) {
    pool.give(session, spoilsSession(error) || !(await rolledBack(session, options.patience)));
    if (attempts > 1 && faultOf(error) !== 'answer') return open(pool, options, attempts - 1);
    throw postgresProblem(error, options.statement.sql);
  }
}

/** Both statements travel together. */
async function declare(session: Session, options: RowStreamOptions): Promise<void> {
  const { statement, values, patience, whole = false } = options;
  const cursor = { name: '', sql: `declare rows no scroll cursor for ${statement.sql}`, slots: [] };
  const begin = 'begin isolation level repeatable read read only';
  const begun = session.query(whole ? `${begin}; set local cursor_tuple_fraction to 1` : begin);
  await Promise.all([begun, run(session, cursor, values, patience)]);
}

async function rolledBack(session: Session, patience: number): Promise<boolean> {
  const query = { text: 'rollback', query_timeout: patience };
  try {
    await session.query(query);
    return true;
  } catch {
    return false;
  }
}
