import type { ColumnType, Dialect } from '../dialect.ts';
import type { Executor } from '../store.ts';
import type { PlainRow } from './row-form.ts';

/** Writes rows of some columns, many to a statement. */
type RowWriter = (transaction: Executor, rows: readonly PlainRow[]) => Promise<void>;

/** Compiles the writing of rows into these columns of a table; the others get their defaults. */
export function rowWriter(dialect: Dialect, table: string, columns: readonly ColumnType[]): RowWriter {
  const insert = dialect.bulkInsert(table, columns);
  const encode = (row: PlainRow) => columns.map(({ kind }, at) => dialect.encode(kind, row[at]));
  return async (transaction, rows) => {
    for (const { statement, values } of insert(rows.map(encode))) await transaction.all(statement, values);
  };
}
