import type { OnDelete } from '../declare/field.ts';
import type { StoredKind } from './dialect.ts';

/** A table as the database has it: what migrations compare, and what is written down after each. */
export interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly indexes: readonly Index[];
}

export interface Column {
  readonly name: string;
  readonly kind: StoredKind;
  readonly nullable: boolean;
  /** The primary key; `counting` gives integer keys that count up and are never given twice. */
  readonly key?: 'counting' | 'given';
  /** A constant the database fills in: what rows that are older than the column get. */
  readonly default?: string | number | boolean;
  readonly references?: { readonly table: string; readonly column: string; readonly onDelete: OnDelete };
}

export interface Index {
  /** `TABLE_COLUMNS_idx` or `…_key` for a unique one: constraint errors are traced back to fields by it. */
  readonly name: string;
  readonly columns: readonly string[];
  readonly unique: boolean;
}

/** An index with the name both dialects give it. */
export function index(table: string, columns: readonly string[], unique = false): Index {
  return { name: `${table}_${columns.join('_')}_${unique ? 'key' : 'idx'}`, columns, unique };
}

/** Names of the engine's own tables. They are not an API. */
export const INTERNAL = '_trestle_';
