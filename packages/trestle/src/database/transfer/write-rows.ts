import type { Dialect } from '../dialect.ts';
import { arrayLiteral } from '../postgres/array-literal.ts';
import { arrayType } from '../postgres/dialect.ts';
import { sql } from '../sql.ts';
import { type Statement, statement } from '../statement.ts';
import type { Executor, Value } from '../store.ts';
import { type KindOfColumn, type PlainRow, rowEncoder } from './row-form.ts';

/** Writes rows of some columns, many to a statement. */
export type RowWriter = (transaction: Executor, rows: readonly PlainRow[]) => Promise<void>;

/** What writes rows into these columns of a table; the others get their defaults. */
export function rowWriter(dialect: Dialect, table: string, columns: readonly KindOfColumn[]): RowWriter {
  return dialect.name === 'sqlite'
    ? writeTuples(dialect, table, columns)
    : writeArrays(dialect, table, columns);
}

/** SQLite takes at most 32,766 values in a statement; beyond some hundreds of them more save nothing. */
const MOST_VALUES = 1_000;

function writeTuples(dialect: Dialect, table: string, columns: readonly KindOfColumn[]): RowWriter {
  const encode = rowEncoder(dialect, columns);
  const most = Math.max(1, Math.floor(MOST_VALUES / columns.length));
  const [many, one] = [insertTuples(dialect, table, columns, most), insertTuples(dialect, table, columns, 1)];
  return async (transaction, rows) => {
    let at = 0;
    for (; at + most <= rows.length; at += most)
      await transaction.all(many, rows.slice(at, at + most).flatMap(encode));
    for (const row of rows.slice(at)) await transaction.all(one, encode(row));
  };
}

function insertTuples(
  dialect: Dialect,
  table: string,
  columns: readonly KindOfColumn[],
  rows: number,
): Statement {
  const tuple = sql.raw(`(${columns.map(() => '?').join(', ')})`);
  const tuples = sql.join(Array.from({ length: rows }, () => tuple));
  return statement(dialect, sql`insert into ${sql.id(table)} (${names(columns)}) values ${tuples}`);
}

/** PostgreSQL takes a column's values as one array, so that any number of rows is one round trip. */
function writeArrays(dialect: Dialect, table: string, columns: readonly KindOfColumn[]): RowWriter {
  const encode = rowEncoder(dialect, columns);
  const arrays = columns.map(({ kind }, at) => sql.raw(`$${at + 1}::${arrayType(kind)}`));
  const insert = statement(
    dialect,
    sql`insert into ${sql.id(table)} (${names(columns)}) select * from unnest(${sql.join(arrays)})`,
  );
  return async (transaction, rows) => {
    if (rows.length === 0) return;
    const values: Value[][] = columns.map(() => []);
    for (const row of rows) encode(row).forEach((value, at) => void values[at]?.push(value));
    await transaction.all(insert, values.map(arrayLiteral));
  };
}

function names(columns: readonly KindOfColumn[]) {
  return sql.join(columns.map(({ name }) => sql.id(name)));
}
