import { addColumn, createIndex, createTable, dropIndex, dropTable, literal, text } from '../ddl.ts';
import type { Dialect } from '../dialect.ts';
import type { Change } from '../migrations/change.ts';
import type { Migration } from '../migrations/plan.ts';
import { stagedValue } from '../migrations/values.ts';
import { type Sql, sql } from '../sql.ts';
import { type Column, stagingName } from '../table.ts';

/** The statements that make a plan's changes on SQLite, references being off while they run. */
export function sqliteSql({ dialect, changes, to, now }: Migration): string[] {
  const of = <K extends Change['kind']>(kind: K) =>
    changes.filter((change): change is Extract<Change, { kind: K }> => change.kind === kind);
  // SQLite alters no column: a table is made anew unless columns are added that `alter table` can add.
  const names = new Set(
    changes
      .filter((change: Change) => {
        if (change.kind === 'dropColumn' || change.kind === 'changeColumn') return true;
        if (change.kind !== 'addColumn') return false;
        const { nullable, default: value, references } = change.to;
        const fits = references ? nullable && value === undefined : nullable || value !== undefined;
        return !fits;
      })
      .map((change) => change.table),
  );
  const rebuilt = to.filter((table) => names.has(table.name));
  // SQLite renames no index.
  const dropped = [...of('dropIndex'), ...of('renameIndex')].map((change) => dropIndex(dialect, change.from));
  const created = new Set(
    changes.flatMap((change) =>
      change.kind === 'createIndex' || change.kind === 'renameIndex' ? [change.to] : [],
    ),
  );
  const fresh = new Set(changes.flatMap((change) => (change.kind === 'createTable' ? [change.to] : [])));
  return [
    ...of('renameTable').map(({ table, was }) =>
      text(dialect, sql`alter table ${sql.id(was)} rename to ${sql.id(table)}`),
    ),
    ...of('renameColumn').map(({ table, column, was }) =>
      text(dialect, sql`alter table ${sql.id(table)} rename column ${sql.id(was)} to ${sql.id(column)}`),
    ),
    ...dropped,
    ...of('createTable').map((change) => createTable(dialect, change.to)),
    ...of('addColumn')
      .filter((change) => !rebuilt.some((one) => one.name === change.table))
      .map((change) => addColumn(dialect, change.table, change.to)),
    ...rebuilt.flatMap((table) => {
      // The procedure of https://www.sqlite.org/lang_altertable.html#otheralter, whose checks and indexes come after.
      const aside = `_new_${table.name}`;
      const added = new Set<Column>();
      const before = new Map<string, Column>();
      for (const change of changes) {
        if (change.table !== table.name) continue;
        if (change.kind === 'addColumn') added.add(change.to);
        if (change.kind === 'changeColumn') before.set(change.to.name, change.from);
      }
      const values = table.columns.map((column) => {
        if (added.has(column))
          return column.default === undefined && column.older === 'now'
            ? sql.lit(now)
            : literal(dialect, column);
        return converted(dialect, table.name, before.get(column.name) ?? column, column);
      });
      const names = sql.join(table.columns.map((column) => sql.id(column.name)));
      return [
        createTable(dialect, table, aside),
        text(
          dialect,
          sql`insert into ${sql.id(aside)} (${names}) select ${sql.join(values)} from ${sql.id(table.name)}`,
        ),
        ...(table.columns.some((column) => column.key === 'counting')
          ? [
              text(dialect, sql`delete from sqlite_sequence where name = ${sql.lit(aside)}`),
              text(
                dialect,
                sql`insert into sqlite_sequence (name, seq) select ${sql.lit(aside)}, seq from sqlite_sequence where name = ${sql.lit(table.name)}`,
              ),
            ]
          : []),
        dropTable(dialect, table.name),
        text(dialect, sql`alter table ${sql.id(aside)} rename to ${sql.id(table.name)}`),
      ];
    }),
    ...of('dropTable').map((change) => dropTable(dialect, change.table)),
    ...of('changeColumn')
      .filter(({ from, to: next }) => from.kind !== next.kind)
      .map((change) => dropTable(dialect, stagingName(change.table, change.to.name))),
    ...to.flatMap((table) => {
      const all = fresh.has(table) || rebuilt.includes(table);
      return table.indexes
        .filter((index) => all || created.has(index))
        .map((index) => createIndex(dialect, table, index));
    }),
  ];
}

/** A column's old value as its new one. */
function converted(dialect: Dialect, table: string, from: Column, to: Column): Sql {
  const value =
    from.kind === to.kind ? sql.ref(from.name) : stagedValue(table, 'id', stagingName(table, to.name));
  const replaced = from.nullable && !to.nullable && to.default !== undefined;
  return replaced ? sql`coalesce(${value}, ${literal(dialect, to)})` : value;
}
