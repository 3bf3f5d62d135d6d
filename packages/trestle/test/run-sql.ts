import { sql } from '../src/database/sql.ts';
import { statement } from '../src/database/statement.ts';
import type { Columns, Store, Value } from '../src/database/store.ts';

/** Runs SQL as a test writes it, with table names alone: on PostgreSQL they are those of the store's schema. */
export function runSql(store: Store, text: string, values: readonly Value[] = []): Promise<Columns[]> {
  const { dialect } = store;
  return store.write(async (transaction) => {
    if ('schema' in store)
      await transaction.all(
        statement(dialect, sql`set local search_path to ${sql.id(String(store.schema))}`),
        [],
      );
    return await transaction.all(statement(dialect, sql.raw(text)), values);
  });
}
