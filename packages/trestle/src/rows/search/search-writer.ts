import { indexedRow } from '../../database/search/search-index.ts';
import type { Columns, Executor, Value } from '../../database/store.ts';
import type { Model } from '../model.ts';

/** The words of rows in the full-text index, written in the transaction of their rows. */
export interface SearchWriter {
  /** Whether one of these fields is searched. */
  covers(names: readonly string[]): boolean;
  /** Replaces the words of rows. */
  put(transaction: Executor, rows: readonly Columns[]): Promise<void>;
}

/** Compiles the writes of the full-text index of a resource; undefined where it has none. Rows that go take their words with them. */
export function searchWriter({ search }: Model): SearchWriter | undefined {
  if (!search) return undefined;
  const { index, sql } = search;
  return {
    covers: (names) => index.fields.some(({ name }) => names.includes(name)),
    // An id as the driver gave it, or as a new row was given it, is what the driver binds.
    put: (transaction, rows) =>
      sql.put(
        transaction,
        rows.map((row) => indexedRow(index, row.id as Value, row)),
      ),
  };
}
