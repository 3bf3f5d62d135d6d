import type { ColumnType, Dialect } from '../dialect.ts';
import type { Columns } from '../store.ts';

/** The values of a row in its columns' order, the same whichever database they came from. */
export type PlainRow = readonly unknown[];

/** Converts a driver's row to a plain one. */
export function rowDecoder(dialect: Dialect, columns: readonly ColumnType[]): (row: Columns) => PlainRow {
  const steps = columns.map(({ name, kind }) => ({
    name,
    decode: dialect.decoder(kind),
  }));
  return (row) =>
    steps.map(({ name, decode }) => {
      const value = row[name];
      return decode && value !== null ? decode(value) : value;
    });
}
