import { createHash } from 'node:crypto';
import type { FieldType, OnDelete, StoredKind } from '../schema/field-type.ts';
import type { Exclusion } from '../schema/resource.ts';

/** A table as the database has it: what migrations compare, and what is written down after each. */
export interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly indexes: readonly Index[];
  /** Spans in which there is one row of some values at a time: no constraint, but the rows there are must meet them. */
  readonly exclusions?: readonly Exclusion[];
}

export interface Column {
  readonly name: string;
  readonly kind: StoredKind;
  readonly nullable: boolean;
  /** The primary key; `counting` gives integer keys that count up and are never given twice. */
  readonly key?: 'counting' | 'given';
  /** A constant the database fills in: what rows that are older than the column get. Of a JSON column: its text. */
  readonly default?: string | number | boolean;
  /** The value in existing rows where there is no default: the time of the migration. */
  readonly older?: 'now';
  readonly references?: { readonly table: string; readonly column: string; readonly onDelete: OnDelete };
  /** The JSON Schema of a value, without null; none of ids, references, and what the server sets. */
  readonly schema?: unknown;
  /** The declared type, which older values are converted and completed by. It is not written down. */
  readonly type?: FieldType;
}

export interface Index {
  /** `TABLE_COLUMNS_idx` or `..._key` for a unique one: constraint errors are traced back to fields by it. */
  readonly name: string;
  readonly columns: readonly string[];
  readonly unique: boolean;
  /** Only rows that are not deleted softly are in it. */
  readonly live?: true;
  /** Those of its columns that are kept in descending order: given where a list's order mixes both. */
  readonly descending?: readonly string[];
}

/** The column of the moment at which a row was deleted softly. */
export const DELETED_AT = '_deleted_at';

/** An index with the name both dialects give it. */
export function index(table: string, columns: readonly string[], unique = false): Index {
  return { name: constraintName([table, ...columns], unique ? 'key' : 'idx'), columns, unique };
}

/** The name of a table that the engine makes up of others: short enough for what is added to it. */
export function withoutLongName(name: string): string {
  return name.length <= 50
    ? name
    : `${name.slice(0, 35)}_${createHash('sha256').update(name).digest('hex').slice(0, 10)}`;
}

/** The name PostgreSQL gives a reference: `TABLE_COLUMN_fkey`. SQLite names none. */
export function referenceName(table: string, column: string): string {
  return constraintName([table, column], 'fkey');
}

/** The table that holds what the values of a column become, while a migration runs. */
export function stagingName(table: string, column: string): string {
  return constraintName([`${INTERNAL}${table}`, column], 'values');
}

/** PostgreSQL cuts names off after 63 bytes; longer ones end in a digest instead, so that no two become one. */
function constraintName(parts: readonly string[], suffix: string): string {
  const name = `${parts.join('_')}_${suffix}`;
  return name.length <= 63 ? name : digestName(parts, suffix);
}

function digestName(parts: readonly string[], suffix: string): string {
  const digest = createHash('sha256').update(parts.join('.')).digest('hex').slice(0, 10);
  return `${parts.join('_').slice(0, 45)}_${digest}_${suffix}`;
}

/**
 * Index names are one for the whole database, and `a`.`b_c` and `a_b`.`c` come to the same: those of the tables end in a
 * digest then.
 */
export function withDistinctNames(tables: readonly Table[]): Table[] {
  const taken = new Map<string, number>(tables.map((table) => [table.name, 1]));
  for (const { name } of tables.flatMap((table) => table.indexes))
    taken.set(name, (taken.get(name) ?? 0) + 1);
  return tables.map((table) => ({
    ...table,
    indexes: table.indexes.map((one) =>
      taken.get(one.name) === 1
        ? one
        : { ...one, name: digestName([table.name, ...one.columns], one.unique ? 'key' : 'idx') },
    ),
  }));
}

/** Names of the engine's own tables. They are not an API. */
export const INTERNAL = '_trestle_';

/** The primary key. Every table has one of a single column. */
export function keyOf(table: Table): Column {
  const key = table.columns.find((column) => column.key !== undefined);
  if (!key) throw new TypeError(`the table ${table.name} has no primary key`);
  return key;
}
