import { Compile } from 'typebox/schema';
import type { Conversion } from '../../schema/field-type.ts';
import { createTable, dropTable } from '../ddl.ts';
import type { Dialect } from '../dialect.ts';
import { sql } from '../sql.ts';
import { statement } from '../statement.ts';
import type { Executor } from '../store.ts';
import { type Column, keyOf, stagingName, type Table } from '../table.ts';

/** Ids that a message names. */
const MAX_IDS = 5;

/** A column whose values are looked at one by one: they become values of another kind, or must fit a changed schema. */
export interface ValueScan {
  /** `table.column`, as declared. */
  readonly name: string;
  /** The table and its key, by the names they have before the migration. */
  readonly table: string;
  readonly key: Column;
  readonly from: Column;
  readonly to: Column;
  /** The table that holds what values become, by the ids of their rows, while the migration runs. */
  readonly staging: Table;
}

/** How the values of one column become those of another; undefined where they cannot, and the column is made anew. */
export function conversionOf(from: Column, to: Column): Conversion | undefined {
  return from.kind === to.kind ? SAME : to.type?.conversions?.[from.kind];
}

const SAME: Conversion = { isLossless: true, convert: (value) => value };

/** Whether a changed declaration asks for a look at the values of a column that stays of its kind. */
export function asksForValues(from: Column, to: Column): boolean {
  if (from.kind !== to.kind || !to.type || to.schema === undefined) return false;
  // A database of an earlier version: its values are brought to the form in which they are kept, and not judged.
  if (from.schema === undefined) return to.type.complete !== undefined;
  return JSON.stringify(from.schema) !== JSON.stringify(to.schema);
}

/** Whether objects in the values of a column lose members that were declared: they are left out then. */
export function losesMembers(from: unknown, to: unknown): boolean {
  if (typeof from !== 'object' || from === null || typeof to !== 'object' || to === null) return false;
  const [before, after] = [new Map(Object.entries(from)), new Map(Object.entries(to))];
  const [had, has] = [before.get('properties'), after.get('properties')];
  const isLost =
    typeof had === 'object' && typeof has === 'object' && Object.keys(had).some((name) => !(name in has));
  return isLost || [...before].some(([key, value]) => losesMembers(value, after.get(key)));
}

/** @param old the names before the migration. */
export function valueScan(
  table: string,
  from: Column,
  to: Column,
  old: { table: Table; column: string },
): ValueScan {
  const key = keyOf(old.table);
  const columns = [
    { name: 'id', kind: key.kind, nullable: false, key: 'given' },
    { name: 'value', kind: to.kind, nullable: false },
  ] as const;
  return {
    name: `${table}.${to.name}`,
    table: old.table.name,
    key,
    from: { ...from, name: old.column },
    to,
    staging: { name: stagingName(table, to.name), columns, indexes: [] },
  };
}

/**
 * Reads every value of a column. Answers how many do not fit, and the ids of the first of their rows.
 * @param changed gets the ids of rows whose value becomes another, and that.
 */
export async function scanValues(
  executor: Executor,
  dialect: Dialect,
  scan: ValueScan,
  changed?: (rows: readonly (readonly [unknown, unknown])[]) => Promise<void>,
): Promise<{ found: number; ids: readonly unknown[] }> {
  const { table, key, from, to } = scan;
  const next = nextValue(from, to);
  const isConverted = from.kind !== to.kind;
  const isJudged = isConverted || from.schema !== undefined;
  const ids: unknown[] = [];
  let found = 0;
  // Loaded only where values are converted, not at each start.
  const { readTable } = await import('../transfer/read-table.ts');
  for await (const { rows } of readTable(executor, dialect, {
    name: table,
    columns: [key, from],
    indexes: [],
  })) {
    const others: (readonly [unknown, unknown])[] = [];
    for (const [id, value] of rows.filter((row) => row[1] !== null)) {
      const becomes = next(value);
      if (becomes === undefined) {
        if (isJudged && ++found <= MAX_IDS) ids.push(id);
      } else if (isConverted || dialect.encode(to.kind, becomes) !== dialect.encode(to.kind, value))
        others.push([id, becomes]);
    }
    if (others.length > 0) await changed?.(others);
  }
  return { found, ids };
}

/** Compiles what a value becomes; undefined for one that does not fit. */
function nextValue(from: Column, to: Column): (value: unknown) => unknown {
  const { schema, normalize, complete } = to.type ?? {};
  const validator = to.schema !== undefined && schema ? Compile(schema) : undefined;
  const convert = conversionOf(from, to)?.convert;
  const loses = losesMembers(from.schema, to.schema);
  const isArray = Object(to.schema).type === 'array';
  return (value) => {
    const converted = convert?.(value);
    if (converted === undefined) return undefined;
    const fits = (one: unknown) => !validator || validator.Check(one);
    const normal = normalize && !fits(converted) ? normalize(converted) : converted;
    const isNested = typeof normal === 'object' && Array.isArray(normal) === isArray;
    const given = loses && complete && isNested && !fits(normal) ? complete(normal) : normal;
    if (!fits(given)) return undefined;
    return complete ? complete(given) : given;
  };
}

/** Writes what values become beside their table. Those that stay of their kind take their place at once. */
export async function stageValues(executor: Executor, dialect: Dialect, scan: ValueScan): Promise<void> {
  const { table, key, from, to, staging } = scan;
  await executor.all(statement(dialect, sql.raw(createTable(dialect, staging))), []);
  const { rowWriter } = await import('../transfer/write-rows.ts');
  const write = rowWriter(dialect, staging.name, staging.columns);
  await scanValues(executor, dialect, scan, (rows) => write(executor, rows));
  if (from.kind !== to.kind) return;
  const [id, column] = [sql.ref(key.name), sql.ref(from.name)];
  const ids = sql`select ${sql.ref('id')} from ${sql.table(staging.name)}`;
  const update = sql`update ${sql.table(table)} set ${column} = ${stagedValue(table, key.name, staging.name)} where ${id} in (${ids})`;
  await executor.all(statement(dialect, update), []);
  await executor.all(statement(dialect, sql.raw(dropTable(dialect, staging.name))), []);
}

/** The staged value of a row, as an expression over its table. */
export function stagedValue(table: string, key: string, staging: string) {
  const of = (name: string, column: string) => sql`${sql.table(name)}.${sql.id(column)}`;
  return sql`(select ${sql.id('value')} from ${sql.table(staging)} where ${of(staging, 'id')} = ${of(table, key)})`;
}

/** A scan as `--sql` shows it. */
export function scanWords({ name, from, to, staging }: ValueScan): string {
  return from.kind === to.kind
    ? `-- each value of ${name} is read, and written again where it is kept in another form`
    : `-- ${staging.name} (id, value) is created and filled with the values of ${name} as ${to.kind}`;
}
