import { sql } from '../../../src/database/sql.ts';
import { statement } from '../../../src/database/statement.ts';
import type { Store } from '../../../src/database/store.ts';
import type { Table } from '../../../src/database/table.ts';

type Row = Readonly<Record<string, unknown>>;

/** Puts rows into a table as an older version of the app would have done. */
export async function insert(store: Store, table: Table, rows: readonly Row[]): Promise<void> {
  const { dialect } = store;
  await store.write(async (transaction) => {
    for (const row of rows) {
      const columns = table.columns.filter((column) => column.name in row);
      const names = sql.join(columns.map((column) => sql.id(column.name)));
      const values = sql.join(columns.map((column) => sql`${dialect.encode(column.kind, row[column.name])}`));
      const query = statement(
        dialect,
        sql`insert into ${sql.table(table.name)} (${names}) values (${values})`,
      );
      await transaction.all(
        query,
        query.slots.map((slot) => (slot === null || typeof slot !== 'object' ? slot : null)),
      );
    }
  });
}

/** All rows of a table in order of their ids, as the services would read them. */
export async function rowsOf(store: Store, table: Table): Promise<Row[]> {
  const { dialect } = store;
  const columns = sql.join(table.columns.map((column) => sql.id(column.name)));
  const query = sql`select ${columns} from ${sql.table(table.name)} order by ${sql.id('id')}`;
  const rows = await store.all(statement(dialect, query), []);
  return rows.map((row) =>
    Object.fromEntries(
      table.columns.map(({ name, kind }) => {
        const value = row[name];
        return [name, value === null ? null : (dialect.decoder(kind)?.(value) ?? value)];
      }),
    ),
  );
}
