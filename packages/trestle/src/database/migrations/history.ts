import { createTables } from '../ddl.ts';
import type { Dialect } from '../dialect.ts';
import { sql } from '../sql.ts';
import { bind, param, statement } from '../statement.ts';
import type { Executor, Store } from '../store.ts';
import { INTERNAL, type Table } from '../table.ts';
import { digestOf, normalized } from './snapshot.ts';

/** The version of the engine's way to write down tables. A database with a higher one is left alone. */
export const ENGINE_SCHEMA = 1;

/** Where every state that a database has been brought to is written down. */
export const HISTORY: Table = {
  name: `${INTERNAL}schema`,
  columns: [
    { name: 'sequence', kind: 'integer', nullable: false, key: 'counting' },
    { name: 'digest', kind: 'text', nullable: false },
    { name: 'engine', kind: 'integer', nullable: false },
    { name: 'applied_at', kind: 'timestamp', nullable: false },
    { name: 'steps', kind: 'json', nullable: false },
    { name: 'tables', kind: 'json', nullable: false },
  ],
  indexes: [],
};

export interface Entry {
  readonly sequence: number;
  readonly digest: string;
  readonly engine: number;
  /** RFC 3339. */
  readonly appliedAt: string;
  /** The lines of the plan that led here. */
  readonly steps: readonly string[];
}

/** Every state of a database, oldest first, and the tables of the last. */
interface History {
  readonly entries: readonly Entry[];
  readonly tables: readonly Table[];
}

/** Reads the history; undefined where there is none yet. */
export async function readHistory(dialect: Dialect, executor: Executor): Promise<History | undefined> {
  const history = sql.table(HISTORY.name);
  const columns = sql.join(
    ['sequence', 'digest', 'engine', 'applied_at', 'steps'].map((name) => sql.ref(name)),
  );
  const entries = await executor.all(
    statement(dialect, sql`select ${columns} from ${history} order by ${sql.ref('sequence')}`),
    [],
  );
  const last = statement(
    dialect,
    sql`select ${sql.ref('tables')} from ${history} order by ${sql.ref('sequence')} desc limit 1`,
  );
  const [row] = await executor.all(last, []);
  if (!row) return undefined;
  return {
    entries: entries.map((one) => ({
      sequence: Number(one.sequence),
      digest: String(one.digest),
      engine: Number(one.engine),
      appliedAt: String(one.applied_at),
      steps: decoded(dialect, one.steps),
    })),
    tables: decoded(dialect, row.tables),
  };
}

/** Decodes a value written by this module. */
export function decoded<T>(dialect: Dialect, value: unknown): T {
  const decode = dialect.decoder('json');
  return (decode ? decode(value) : value) as T;
}

/** Makes the table of the history where there is none. */
export async function createHistory(dialect: Dialect, executor: Executor): Promise<void> {
  for (const text of createTables(dialect, [HISTORY]))
    await executor.all(statement(dialect, sql.raw(text)), []);
}

/** Writes a restore down: the state stays, and every ETag changes, since rows may be older than those that clients know. */
export async function recordRestore(store: Store): Promise<void> {
  const { dialect } = store;
  await store.write(async (transaction) => {
    const history = await readHistory(dialect, transaction);
    if (!history) return;
    const at = new Date().toISOString();
    await recordState(dialect, transaction, { tables: history.tables, steps: ['restored a backup'], at });
  });
}

/** Writes down what a database has been brought to, in the transaction that brought it there. */
export async function recordState(
  dialect: Dialect,
  executor: Executor,
  state: { tables: readonly Table[]; steps: readonly string[]; at: string },
): Promise<void> {
  const names = ['digest', 'engine', 'applied_at', 'steps', 'tables'];
  const insert = statement(
    dialect,
    sql`insert into ${sql.table(HISTORY.name)} (${sql.join(names.map((name) => sql.id(name)))})
      values (${sql.join(names.map((name) => sql`${param(name)}`))})`,
  );
  const values = {
    digest: digestOf(state.tables),
    engine: ENGINE_SCHEMA,
    applied_at: dialect.encode('timestamp', state.at),
    steps: dialect.encode('json', state.steps),
    tables: dialect.encode('json', normalized(state.tables)),
  };
  await executor.all(insert, bind(insert, values));
}
