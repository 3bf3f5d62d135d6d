import { sql } from 'kysely';
import { createTables } from '../ddl.ts';
import { statement } from '../statement.ts';
import type { Store } from '../store.ts';
import type { Table } from '../table.ts';

/** Brings a database to the declared tables. */
export async function migrate(store: Store, tables: readonly Table[]): Promise<void> {
  const { dialect } = store;
  const names =
    dialect.name === 'sqlite'
      ? sql`select name from sqlite_schema where type = 'table'`
      : sql`select table_name as name from information_schema.tables where table_schema = current_schema()`;
  await store.write(async (transaction) => {
    const rows = await transaction.all(statement(dialect, names), []);
    const present = new Set(rows.map((row) => row.name));
    const missing = tables.filter((table) => !present.has(table.name));
    for (const text of createTables(dialect, missing))
      await transaction.all(statement(dialect, sql.raw(text)), []);
  });
}
