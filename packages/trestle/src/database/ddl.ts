import type { Dialect } from './dialect.ts';
import { render, type Sql, sql } from './sql.ts';
import { type Column, DELETED_AT, type Index, referenceName, type Table } from './table.ts';

/** Actions on a row when the row it refers to is deleted, in SQL. */
const ON_DELETE = { cascade: 'cascade', restrict: 'restrict', setNull: 'set null' } as const;

/** SQL text without parameters, as a plan shows it and a migration runs it. */
export function text(dialect: Dialect, query: Sql): string {
  return render(query, dialect).text;
}

/**
 * The statements that make tables, references between them in any order, and their indexes.
 * SQLite can refer to a table that does not exist yet but add no constraint later; PostgreSQL the other way round.
 */
export function createTables(dialect: Dialect, tables: readonly Table[]): string[] {
  return [
    ...tables.map((table) => createTable(dialect, table)),
    ...tables.flatMap((table) =>
      dialect.inlineReferences ? [] : addReferences(dialect, table.name, table.columns),
    ),
    ...tables.flatMap((table) => table.indexes.map((index) => createIndex(dialect, table, index))),
  ];
}

/** `create table` alone. Where references are not inline, they are added afterwards. */
export function createTable(dialect: Dialect, table: Table, name = table.name): string {
  const columns = table.columns.map((column) => columnDefinition(dialect, column));
  return text(
    dialect,
    sql`create table ${sql.table(name)} (${sql.join(columns)})${sql.raw(dialect.tableOptions)}`,
  );
}

export function dropTable(dialect: Dialect, table: string): string {
  return text(dialect, sql`drop table ${sql.table(table)}`);
}

export function addColumn(dialect: Dialect, table: string, column: Column): string {
  const definition = columnDefinition(dialect, column);
  return text(dialect, sql`alter table ${sql.table(table)} add column ${definition}`);
}

export function addReferences(dialect: Dialect, table: string, columns: readonly Column[]): string[] {
  return columns.flatMap((column) => {
    if (!column.references) return [];
    const name = sql.id(referenceName(table, column.name));
    const target = references(column.references);
    const add = sql`alter table ${sql.table(table)} add constraint ${name} foreign key (${sql.id(column.name)})${target}`;
    return [text(dialect, add)];
  });
}

export function createIndex(dialect: Dialect, table: Table, index: Index): string {
  const kind = sql.raw(index.unique ? 'unique index' : 'index');
  const columns = index.columns.map((name) => {
    const descending = index.descending?.includes(name) ?? false;
    const nullable = table.columns.find((column) => column.name === name)?.nullable ?? false;
    const nulls = nullable ? dialect.nullsInIndex(descending) : '';
    return sql`${sql.id(name)}${sql.raw(descending ? ' desc' : '')}${sql.raw(nulls)}`;
  });
  return text(
    dialect,
    sql`create ${kind} ${sql.id(index.name)} on ${sql.table(table.name)} (${sql.join(columns)})${index.live ? sql` where ${sql.id(DELETED_AT)} is null` : sql``}`,
  );
}

export function dropIndex(dialect: Dialect, index: Index): string {
  return text(dialect, sql`drop index ${sql.table(index.name)}`);
}

function columnDefinition(dialect: Dialect, column: Column): Sql {
  const name = sql.id(column.name);
  const type = sql.raw(column.key === 'counting' ? dialect.countingId : dialect.columnType(column.kind));
  const key = sql.raw(column.key === 'given' ? ' primary key' : '');
  const presence = sql.raw(column.nullable || column.key === 'counting' ? '' : ' not null');
  const target = dialect.inlineReferences && column.references ? references(column.references) : sql``;
  const value = column.default === undefined ? sql`` : sql` default ${literal(dialect, column)}`;
  return sql`${name} ${type}${key}${presence}${value}${target}`;
}

/** A column's default as SQL. */
export function literal(dialect: Dialect, column: Column): Sql {
  const value = column.default ?? null;
  return sql.lit(column.kind === 'json' ? value : dialect.encode(column.kind, value));
}

function references({ table, column, onDelete }: NonNullable<Column['references']>): Sql {
  const rule = sql.raw(ON_DELETE[onDelete]);
  return sql` references ${sql.table(table)} (${sql.id(column)}) on delete ${rule}`;
}
