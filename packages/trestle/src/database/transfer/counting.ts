import type { Dialect } from '../dialect.ts';
import { type Sql, sql } from '../sql.ts';
import { bind, param, statement } from '../statement.ts';
import type { Executor, Value } from '../store.ts';
import type { Table } from '../table.ts';
import { keyOf } from './read-table.ts';

/** The highest id a counting table has ever given, deleted rows' too: none is to be given twice. 0 where it gave none. */
export async function lastGiven(executor: Executor, dialect: Dialect, table: Table): Promise<number> {
  if (keyOf(table).key !== 'counting') return 0;
  const counted = dialect.name === 'sqlite' ? SQLITE.last : POSTGRES.last;
  const [given] = await run(executor, dialect, counted, namesOf(table));
  const highest = sql`select max(${sql.ref(keyOf(table).name)}) as last from ${sql.id(table.name)}`;
  const [row] = await run(executor, dialect, highest, {});
  return Math.max(Number(given?.last ?? 0), Number(row?.last ?? 0));
}

/** Makes a counting table go on after this id. */
export async function continueAfter(
  transaction: Executor,
  dialect: Dialect,
  table: Table,
  last: number,
): Promise<void> {
  if (keyOf(table).key !== 'counting' || last < 1) return;
  const steps = dialect.name === 'sqlite' ? SQLITE.set : POSTGRES.set;
  for (const step of steps) await run(transaction, dialect, step, { ...namesOf(table), last });
}

/** SQLite keeps the counts of all tables in one (https://www.sqlite.org/autoinc.html). */
const SQLITE = {
  last: sql`select seq as last from sqlite_sequence where name = ${param('table')}`,
  set: [
    sql`delete from sqlite_sequence where name = ${param('table')}`,
    sql`insert into sqlite_sequence (name, seq) values (${param('table')}, ${param('last')})`,
  ],
};

const SEQUENCE = sql`pg_get_serial_sequence(${param('quoted')}, ${param('key')})`;

/** In PostgreSQL each has a sequence. */
const POSTGRES = {
  last: sql`select pg_sequence_last_value(${SEQUENCE}::regclass) as last`,
  set: [sql`select setval(${SEQUENCE}, ${param('last')})`],
};

function namesOf(table: Table): Record<string, Value> {
  return { table: table.name, quoted: `"${table.name.replaceAll('"', '""')}"`, key: keyOf(table).name };
}

function run(executor: Executor, dialect: Dialect, query: Sql, values: Record<string, Value>) {
  const compiled = statement(dialect, query);
  return executor.all(compiled, bind(compiled, values));
}
