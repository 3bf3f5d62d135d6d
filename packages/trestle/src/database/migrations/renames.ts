import type { Resources } from '../../schema/row-types.ts';
import { linkTableName } from '../link-table.ts';
import type { Table } from '../table.ts';
import { tableName } from '../tables.ts';

/** Declared renames: what a table was called before, and its columns by their new names. */
export type Renames = ReadonlyMap<string, { was?: string; columns: ReadonlyMap<string, string> }>;

/** The renames that a declaration's `was` options tell of. */
export function renamesOf(resources: Resources): Renames {
  const renames = new Map<string, { was?: string; columns: Map<string, string> }>();
  for (const [name, resource] of Object.entries(resources)) {
    const columns = new Map<string, string>();
    const table = tableName(name, resource);
    for (const [key, { was = key, type }] of Object.entries(resource.fields)) {
      const old = linkTableName(resource.was ?? table, was);
      const links = linkTableName(table, key);
      if (type.relation === undefined && was !== key) columns.set(key, was);
      if (type.relation?.kind === 'links' && old !== links)
        renames.set(links, { was: old, columns: new Map() });
    }
    if (columns.size > 0 || resource.was !== undefined)
      renames.set(table, {
        columns,
        ...(resource.was !== undefined && { was: resource.was }),
      });
  }
  return renames;
}

export interface Rename {
  /** The table, by its new name. */
  readonly table: string;
  /** The column that is renamed; undefined for the table itself. */
  readonly column?: string;
  readonly was: string;
}

/** The renames that are still to be done: the old name is there, and the new one is not. */
export function pendingRenames(from: readonly Table[], renames: Renames): Rename[] {
  const tables = new Map(from.map((table) => [table.name, table]));
  const pending: Rename[] = [];
  for (const [table, { was, columns }] of renames) {
    const moved = was !== undefined && tables.has(was) && !tables.has(table);
    if (moved) pending.push({ table, was });
    const before = new Set(tables.get(moved ? was : table)?.columns.map((column) => column.name));
    for (const [column, old] of columns)
      if (before.has(old) && !before.has(column)) pending.push({ table, column, was: old });
  }
  return pending;
}

/** The tables as they are once the renames are done. Indexes follow their columns and keep their names. */
export function renamed(from: readonly Table[], renames: readonly Rename[]): Table[] {
  const tables = new Map(renames.filter((one) => !one.column).map((one) => [one.was, one.table]));
  const tableName = (old: string) => tables.get(old) ?? old;
  return from.map((table) => {
    const name = tableName(table.name);
    const moved = renames.filter((one) => one.table === name && one.column);
    const columnName = (old: string) => moved.find((one) => one.was === old)?.column ?? old;
    return {
      name,
      columns: table.columns.map((column) => ({
        ...column,
        name: columnName(column.name),
        ...(column.references && {
          references: { ...column.references, table: tableName(column.references.table) },
        }),
      })),
      indexes: table.indexes.map((index) => ({ ...index, columns: index.columns.map(columnName) })),
    };
  });
}
