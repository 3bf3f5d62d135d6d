import type { ColumnKind } from '../schema/field-type.ts';
import type { TextMatch } from './case-folding.ts';
import type { Sql } from './sql.ts';
import type { Value } from './store.ts';

/** A value's kind once `account` and references have become the kind of the id they hold. */
export type StoredKind = Exclude<ColumnKind, 'account'>;

/**
 * All that SQLite and PostgreSQL do differently; nothing else asks which one it is.
 * Texts compare and sort by code point on both (BINARY, COLLATE "C"), so that lists and cursors agree bit for bit.
 */
export interface Dialect {
  readonly name: 'sqlite' | 'postgres';
  /** The text of a query, with this dialect's placeholders where its values go. */
  text(query: Sql): string;
  /** The SQL type of a column, without NOT NULL. */
  columnType(kind: StoredKind): string;
  /** The SQL of an id that counts up by itself. */
  readonly countingId: string;
  /** A row's value as a value the driver binds. Instants are RFC 3339 texts, JSON is given as its value. */
  encode(kind: StoredKind, value: unknown): Value;
  /** What turns a driver's value into a row's; undefined where it already is one. Null never comes here. */
  decoder(kind: StoredKind): ((value: unknown) => unknown) | undefined;
  /** `column in (…)`, for any number of values in one placeholder. */
  within(column: Sql, values: Sql, kind: StoredKind): Sql;
  /** The values of a list as rows with one column `value`, for joins. */
  listed(values: Sql, kind: StoredKind): Sql;
  /** A list as the one value `within` and `listed` take. */
  encodeList(values: readonly Value[]): Value;
  /** Text conditions. No wildcard of a caller's text has a meaning. */
  readonly texts: Readonly<Record<TextMatch, TextCondition>>;
  /** What a text becomes before it is bound for such a condition (SQLite's patterns have wildcards to escape). */
  pattern(match: TextMatch, text: string): string;
  /** A column as no index is used for it; undefined where the planner knows how many rows a condition leaves. */
  readonly withoutIndex: ((name: string) => Sql) | undefined;
  /** Added to a select whose row is about to be written in the same transaction. */
  readonly forUpdate: Sql;
  /** The same, passing over rows that another transaction is writing. */
  readonly skipLocked: Sql;
  /** Seconds since 1970, by the one clock that all processes on this database share: PostgreSQL's, or the machine's. */
  readonly clock: Sql;
  /** The instant of the same clock, as a timestamp column holds it. */
  readonly now: Sql;
}

export type TextOperator = 'contains' | 'icontains' | 'starts' | 'ends';
type TextCondition = (column: Sql, text: Sql) => Sql;
