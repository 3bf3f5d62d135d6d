import type { Dialect } from '../dialect.ts';
import { sql } from '../sql.ts';
import { statement } from '../statement.ts';
import type { Executor } from '../store.ts';
import { keyOf, type Table } from '../table.ts';

/** The highest id a counting table has ever given, deleted rows' too: none is to be given twice. 0 where it gave none. */
export async function lastGivenId(executor: Executor, dialect: Dialect, table: Table): Promise<number> {
  const key = keyOf(table);
  if (key.key !== 'counting') return 0;
  const highest = sql`select max(${sql.ref(key.name)}) as last from ${sql.table(table.name)}`;
  let last = 0;
  for (const query of [dialect.lastGivenId(table.name, key.name), highest]) {
    const [row] = await executor.all(statement(dialect, query), []);
    last = Math.max(last, Number(row?.last ?? 0));
  }
  return last;
}

/** Makes a counting table go on after this id. */
export async function continueAfter(
  transaction: Executor,
  dialect: Dialect,
  table: Table,
  last: number,
): Promise<void> {
  const key = keyOf(table);
  if (key.key !== 'counting' || last < 1) return;
  for (const step of dialect.continueAfter(table.name, key.name, last))
    await transaction.all(statement(dialect, step), []);
}
