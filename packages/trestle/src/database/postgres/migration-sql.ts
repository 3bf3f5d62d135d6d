import {
  addColumn,
  addReferences,
  createIndex,
  createTable,
  dropIndex,
  dropTable,
  literal,
  text,
} from '../ddl.ts';
import type { Dialect } from '../dialect.ts';
import { type Change, referenceShape } from '../migrations/change.ts';
import type { Migration } from '../migrations/plan.ts';
import { stagedValue } from '../migrations/values.ts';
import { type Sql, sql } from '../sql.ts';
import { type Column, referenceName, stagingName, type Table } from '../table.ts';

type Of<K extends Change['kind']> = Extract<Change, { kind: K }>;

/** The statements that make a plan's changes on PostgreSQL. */
export function postgresSql({ dialect, changes, from, to, now }: Migration): string[] {
  const of = <K extends Change['kind']>(kind: K) =>
    changes.filter((change): change is Of<K> => change.kind === kind);
  const created = of('createTable').map((change) => change.to);
  const changed = of('changeColumn');
  const retargeted = changed.filter(
    (one) => String(referenceShape(one.from)) !== String(referenceShape(one.to)),
  );
  const dropped = of('dropTable').map((one) => sql.table(one.table));
  const columnsToRefer = [...of('addColumn'), ...retargeted];
  return [
    ...renames(dialect, changes, from),
    ...of('dropIndex').map((change) => dropIndex(dialect, change.from)),
    ...of('renameIndex').map((change) =>
      text(dialect, sql`alter index ${sql.table(change.from.name)} rename to ${sql.id(change.to.name)}`),
    ),
    ...retargeted.flatMap((one) =>
      one.from.references
        ? [alter(dialect, one.table, sql`drop constraint ${sql.id(referenceName(one.table, one.from.name))}`)]
        : [],
    ),
    ...of('dropColumn').map((one) => alter(dialect, one.table, sql`drop column ${sql.id(one.from.name)}`)),
    ...created.map((table) => createTable(dialect, table)),
    ...of('addColumn').flatMap((one) => added(dialect, one.table, one.to, now)),
    ...changed.flatMap((one) => altered(dialect, one)),
    ...(dropped.length > 0 ? [text(dialect, sql`drop table ${sql.join(dropped)}`)] : []),
    ...created.flatMap((table) => addReferences(dialect, table.name, table.columns)),
    ...columnsToRefer.flatMap((one) => addReferences(dialect, one.table, [one.to])),
    ...created.flatMap((table) => table.indexes.map((index) => createIndex(dialect, table, index))),
    ...of('createIndex').flatMap((one) => {
      const table = to.find(({ name }) => name === one.table);
      return table ? [createIndex(dialect, table, one.to)] : [];
    }),
  ];
}

/** Renames tables and columns, and with them the references by whose names broken constraints are told. */
function renames(dialect: Dialect, changes: readonly Change[], from: readonly Table[]): string[] {
  const tables = changes.filter((change): change is Of<'renameTable'> => change.kind === 'renameTable');
  const columns = changes.filter((change): change is Of<'renameColumn'> => change.kind === 'renameColumn');
  const constraints = from.flatMap((table) => {
    const name = tables.find((one) => one.was === table.name)?.table ?? table.name;
    return table.columns.flatMap((column) => {
      const next =
        columns.find((one) => one.table === name && one.was === column.name)?.column ?? column.name;
      if (!column.references || (name === table.name && next === column.name)) return [];
      const [old, fresh] = [referenceName(table.name, column.name), referenceName(name, next)];
      return [alter(dialect, name, sql`rename constraint ${sql.id(old)} to ${sql.id(fresh)}`)];
    });
  });
  return [
    ...tables.flatMap((one) => [
      alter(dialect, one.was, sql`rename to ${sql.id(one.table)}`),
      // The old name may be given to another table, whose key would then not get its default name.
      alter(
        dialect,
        one.table,
        sql`rename constraint ${sql.id(`${one.was}_pkey`)} to ${sql.id(`${one.table}_pkey`)}`,
      ),
    ]),
    ...columns.map((one) =>
      alter(dialect, one.table, sql`rename column ${sql.id(one.was)} to ${sql.id(one.column)}`),
    ),
    ...constraints,
  ];
}

/** A column that older rows get the moment in: the default is there for as long as it is added. */
function added(dialect: Dialect, table: string, column: Column, now: string): string[] {
  if (column.default !== undefined || column.older !== 'now') return [addColumn(dialect, table, column)];
  return [
    addColumn(dialect, table, { ...column, default: now }),
    alter(dialect, table, sql`alter column ${sql.id(column.name)} drop default`),
  ];
}

function altered(dialect: Dialect, { table, from, to }: Of<'changeColumn'>): string[] {
  const name = sql.id(to.name);
  const column = (action: Sql) => alter(dialect, table, sql`alter column ${name} ${action}`);
  const statements: string[] = [];
  const isConverted = from.kind !== to.kind;
  const update = (value: Sql, where: Sql) =>
    text(dialect, sql`update ${sql.table(table)} set ${name} = ${value} where ${where}`);
  if (isConverted) {
    const staging = stagingName(table, to.name);
    if (from.default !== undefined) statements.push(column(sql`drop default`));
    if (!from.nullable) statements.push(column(sql`drop not null`));
    const ids = sql`select ${sql.id('id')} from ${sql.table(staging)}`;
    statements.push(
      column(sql`type ${sql.raw(dialect.columnType(to.kind))} using null`),
      update(stagedValue(table, 'id', staging), sql`${sql.id('id')} in (${ids})`),
      dropTable(dialect, staging),
    );
  }
  if (to.default !== undefined && (from.default !== to.default || isConverted))
    statements.push(column(sql`set default ${literal(dialect, to)}`));
  if (to.default === undefined && from.default !== undefined && !isConverted)
    statements.push(column(sql`drop default`));
  if (from.nullable && !to.nullable && to.default !== undefined)
    statements.push(update(literal(dialect, to), sql`${name} is null`));
  if (!to.nullable && (from.nullable || isConverted)) statements.push(column(sql`set not null`));
  if (!from.nullable && to.nullable && !isConverted) statements.push(column(sql`drop not null`));
  return statements;
}

function alter(dialect: Dialect, table: string, action: Sql): string {
  return text(dialect, sql`alter table ${sql.table(table)} ${action}`);
}
