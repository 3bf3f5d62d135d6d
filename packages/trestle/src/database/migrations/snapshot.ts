import { createHash } from 'node:crypto';
import type { Column, Index, Table } from '../table.ts';

/** Tables in one order and with one order of members, so that equal declarations give equal texts. */
export function normalized(tables: readonly Table[]): Table[] {
  return tables
    .map((table) => ({
      name: table.name,
      columns: table.columns
        .map(({ name, kind, nullable, key, default: value, older, references, schema }: Column) => ({
          name,
          kind,
          nullable,
          ...(key && { key }),
          ...(value !== undefined && { default: value }),
          ...(older && { older }),
          ...(references && {
            references: { table: references.table, column: references.column, onDelete: references.onDelete },
          }),
          ...(schema !== undefined && { schema }),
        }))
        .sort(byName),
      indexes: table.indexes
        .map(({ name, columns, unique, descending, live }: Index) => ({
          name,
          columns,
          unique,
          ...(descending && { descending }),
          ...(live && { live }),
        }))
        .sort(byName),
      ...(table.exclusions && { exclusions: table.exclusions }),
    }))
    .sort(byName);
}

/**
 * The parts in which two states of a database may differ. The order of columns does not matter: rows are read by name. The schemas of
 * values are no part of it: an app may be taken back to a version that allows other values.
 */
export function digestOf(tables: readonly Table[]): string {
  const structure = normalized(tables).map((table) => ({
    ...table,
    columns: table.columns.map(({ schema: _schema, ...column }) => column),
  }));
  return createHash('sha256').update(JSON.stringify(structure)).digest('hex').slice(0, 16);
}

/** Whether the values of two states are of the same schemas. */
export function haveSameSchemas(from: readonly Table[], to: readonly Table[]): boolean {
  const schemas = (tables: readonly Table[]) =>
    JSON.stringify(normalized(tables).map(({ columns }) => columns.map(({ schema }) => schema ?? null)));
  return schemas(from) === schemas(to);
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : Number(a.name > b.name);
}
