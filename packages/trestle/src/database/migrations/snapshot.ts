import { createHash } from 'node:crypto';
import type { Column, Index, Table } from '../table.ts';

/** Tables in one order and with one order of members, so that equal declarations give equal texts. */
export function normalized(tables: readonly Table[]): Table[] {
  return tables
    .map((table) => ({
      name: table.name,
      columns: table.columns.map(normalColumn).sort(byName),
      indexes: table.indexes.map(normalIndex).sort(byName),
    }))
    .sort(byName);
}

/** What tells two states of a database apart. The order of columns does not matter: rows are read by name. */
export function digestOf(tables: readonly Table[]): string {
  return createHash('sha256')
    .update(JSON.stringify(normalized(tables)))
    .digest('hex')
    .slice(0, 16);
}

function normalColumn({ name, kind, nullable, key, default: value, older, references }: Column): Column {
  return {
    name,
    kind,
    nullable,
    ...(key && { key }),
    ...(value !== undefined && { default: value }),
    ...(older && { older }),
    ...(references && {
      references: { table: references.table, column: references.column, onDelete: references.onDelete },
    }),
  };
}

function normalIndex({ name, columns, unique, descending }: Index): Index {
  return { name, columns, unique, ...(descending && { descending }) };
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : Number(a.name > b.name);
}
