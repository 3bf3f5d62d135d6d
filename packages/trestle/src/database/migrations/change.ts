import type { Exclusion } from '../../schema/resource.ts';
import type { Column, Index, Table } from '../table.ts';
import { pendingRenames, type Rename, type Renames, renamed } from './renames.ts';
import { asksForValues, conversionOf } from './values.ts';

/** One difference between the tables a database has and those a declaration asks for. */
export type Change =
  | { readonly kind: 'renameTable'; readonly table: string; readonly was: string }
  | { readonly kind: 'renameColumn'; readonly table: string; readonly column: string; readonly was: string }
  | { readonly kind: 'createTable'; readonly table: string; readonly to: Table }
  | { readonly kind: 'dropTable'; readonly table: string; readonly from: Table }
  | { readonly kind: 'addColumn'; readonly table: string; readonly to: Column }
  | { readonly kind: 'dropColumn'; readonly table: string; readonly from: Column }
  | { readonly kind: 'changeColumn'; readonly table: string; readonly from: Column; readonly to: Column }
  | { readonly kind: 'changeValues'; readonly table: string; readonly from: Column; readonly to: Column }
  | { readonly kind: 'createIndex'; readonly table: string; readonly to: Index }
  | { readonly kind: 'dropIndex'; readonly table: string; readonly from: Index }
  | { readonly kind: 'addExclusion'; readonly table: string; readonly to: Exclusion }
  | { readonly kind: 'dropExclusion'; readonly table: string; readonly from: Exclusion }
  | { readonly kind: 'renameIndex'; readonly table: string; readonly from: Index; readonly to: Index };

/** The changes that lead from one state to another. `from` in the changes after the renames has the new names. */
export function changesBetween(from: readonly Table[], to: readonly Table[], renames: Renames): Change[] {
  const pending = pendingRenames(from, renames);
  const before = new Map(renamed(from, pending).map((table) => [table.name, table]));
  const after = new Map(to.map((table) => [table.name, table]));
  const changes: Change[] = pending.map(({ table, column, was }: Rename) =>
    column ? { kind: 'renameColumn', table, column, was } : { kind: 'renameTable', table, was },
  );
  for (const table of to) {
    const old = before.get(table.name);
    if (old) changes.push(...tableChanges(old, table));
    else changes.push({ kind: 'createTable', table: table.name, to: table });
  }
  for (const table of before.values())
    if (!after.has(table.name)) changes.push({ kind: 'dropTable', table: table.name, from: table });
  return changes;
}

function tableChanges(from: Table, to: Table): Change[] {
  const table = to.name;
  const columns = columnChanges(from, to);
  // The column whose indexes have to be made anew. Where PostgreSQL has null in an index depends on whether it may be.
  const remade = new Set(
    columns.flatMap((change: Change) => {
      if (change.kind === 'dropColumn') return [change.from.name];
      return change.kind === 'changeColumn' && change.from.nullable !== change.to.nullable
        ? [change.to.name]
        : [];
    }),
  );
  const like = (list: readonly Index[], one: Index) =>
    !one.columns.some((column) => remade.has(column))
      ? list.find((other) => content(other) === content(one))
      : undefined;
  const changes: Change[] = [];
  for (const one of from.indexes) {
    const next = like(to.indexes, one);
    if (!next) changes.push({ kind: 'dropIndex', table, from: one });
    else if (next.name !== one.name) changes.push({ kind: 'renameIndex', table, from: one, to: next });
  }
  changes.push(...columns);
  for (const one of to.indexes)
    if (!like(from.indexes, one)) changes.push({ kind: 'createIndex', table, to: one });
  const [before = [], after = []] = [from.exclusions, to.exclusions];
  const isAmong = (all: readonly Exclusion[], one: Exclusion) =>
    all.some((other) => JSON.stringify(other) === JSON.stringify(one));
  for (const one of before)
    if (!isAmong(after, one)) changes.push({ kind: 'dropExclusion', table, from: one });
  for (const one of after) if (!isAmong(before, one)) changes.push({ kind: 'addExclusion', table, to: one });
  return changes;
}

/** The definition of an index without its name. */
function content({ columns, unique, descending, live }: Index): string {
  return JSON.stringify([columns, unique, descending, live]);
}

function columnChanges(from: Table, to: Table): Change[] {
  const table = to.name;
  const changes: Change[] = [];
  for (const column of to.columns) {
    const old = from.columns.find((one) => one.name === column.name);
    if (!old) changes.push({ kind: 'addColumn', table, to: column });
    else if (old.key !== column.key || conversionOf(old, column)) {
      if (
        !(
          old.kind === column.kind &&
          old.nullable === column.nullable &&
          old.key === column.key &&
          old.default === column.default &&
          JSON.stringify(referenceShape(old)) === JSON.stringify(referenceShape(column))
        )
      )
        changes.push({ kind: 'changeColumn', table, from: old, to: column });
      if (asksForValues(old, column)) changes.push({ kind: 'changeValues', table, from: old, to: column });
    } else changes.push({ kind: 'dropColumn', table, from: old }, { kind: 'addColumn', table, to: column });
  }
  for (const old of from.columns)
    if (!to.columns.some((column) => column.name === old.name))
      changes.push({ kind: 'dropColumn', table, from: old });
  return changes;
}

/** The parts of a reference in one order; undefined where there is none. */
export function referenceShape({ references }: Column): readonly string[] | undefined {
  return references && [references.table, references.column, references.onDelete];
}
