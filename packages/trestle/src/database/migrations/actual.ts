import type { Dialect } from '../dialect.ts';
import { sql } from '../sql.ts';
import { statement } from '../statement.ts';
import type { Executor } from '../store.ts';

/** The columns of each table that is really there, by table. */
export type ActualTables = ReadonlyMap<string, ReadonlySet<string>>;

const SQLITE = sql`select t.name as "table", c.name as "column" from sqlite_schema t
  join pragma_table_info(t.name) c where t.type = 'table' and t.name not like 'sqlite\\_%' escape '\\'`;

const POSTGRES = sql`select table_name as "table", column_name as "column" from information_schema.columns
  where table_schema = current_schema()`;

/** Asks the database itself which tables and columns it has. */
export async function actualTables(dialect: Dialect, executor: Executor): Promise<ActualTables> {
  const rows = await executor.all(statement(dialect, dialect.name === 'sqlite' ? SQLITE : POSTGRES), []);
  const tables = new Map<string, Set<string>>();
  for (const { table, column } of rows) {
    const columns = tables.get(String(table)) ?? new Set();
    tables.set(String(table), columns.add(String(column)));
  }
  return tables;
}
