import type { Store } from '../../../src/database/store.ts';
import { runSql } from '../../run-sql.ts';

/** A database as it really is, in words that are the same on both: what two ways to one state are compared by. */
export interface Structure {
  /** `table.column type [not null]`, sorted. */
  readonly columns: readonly string[];
  /** `table.column -> table.column rule`, sorted. */
  readonly references: readonly string[];
  /** `name on table (columns) [unique]`, sorted. */
  readonly indexes: readonly string[];
}

export async function structureOf(store: Store): Promise<Structure> {
  const queries = store.dialect.name === 'sqlite' ? SQLITE : POSTGRES;
  const lines = async (query: string) => {
    const rows = await runSql(store, query);
    return rows.map((row) => String(row.line).replace(/ON \w+\./, 'ON ')).sort();
  };
  const [columns, references, indexes] = [
    await lines(queries.columns),
    await lines(queries.references),
    await lines(queries.indexes),
  ];
  return { columns, references, indexes };
}

const SQLITE = {
  columns: `select t.name || '.' || c.name || ' ' || lower(c.type) ||
      case when c."notnull" or c.pk then ' not null' else '' end || coalesce(' default ' || c.dflt_value, '') ||
      case when c.pk then ' key' else '' end as line
    from sqlite_schema t join pragma_table_info(t.name) c where t.type = 'table' and t.name not like 'sqlite%'`,
  references: `select t.name || '.' || f."from" || ' -> ' || f."table" || '.' || f."to" || ' ' || lower(f.on_delete) as line
    from sqlite_schema t join pragma_foreign_key_list(t.name) f where t.type = 'table'`,
  indexes: `select name || ': ' || sql as line from sqlite_schema where type = 'index' and sql is not null`,
};

const POSTGRES = {
  columns: `select table_name || '.' || column_name || ' ' || data_type ||
      case is_nullable when 'NO' then ' not null' else '' end || coalesce(' default ' || column_default, '') ||
      coalesce(' ' || collation_name, '') || coalesce(' ' || identity_generation, '') as line
    from information_schema.columns where table_schema = current_schema()`,
  references: `select conname || ': ' || pg_get_constraintdef(oid) as line from pg_constraint
    where contype = 'f' and connamespace = current_schema()::regnamespace`,
  indexes: `select indexname || ': ' || indexdef as line from pg_indexes
    where schemaname = current_schema() and indexname not like '%\\_pkey'`,
};
