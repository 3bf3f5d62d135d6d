import type { StoredKind } from '../schema/field-type.ts';
import type { TextMatch } from './case-folding.ts';
import type { Migration } from './migrations/plan.ts';
import type { SearchIndex, SearchSql } from './search/search-index.ts';
import type { Rendering, Sql } from './sql.ts';
import type { Statement } from './statement.ts';
import type { Executor, Value } from './store.ts';
import type { Column } from './table.ts';

/** A column as it is read and written. */
export type ColumnType = Pick<Column, 'name' | 'kind'>;

/** A statement that inserts some rows, with the values of its placeholders. */
export interface BulkInsert {
  readonly statement: Statement;
  readonly values: readonly Value[];
}

/**
 * All that SQLite and PostgreSQL do differently, but for the connections, which are the `Store`. No other code compares the
 * name of a dialect, and only `open-store.ts` imports a concrete one: scripts/check-dialects.ts enforces both.
 * Texts compare and sort by code point on both (BINARY, COLLATE "C"), so that lists and cursors agree bit for bit.
 */
export interface Dialect extends Rendering {
  /** For people and metrics. */
  readonly name: string;
  /** The SQL type of a column, without NOT NULL. */
  columnType(kind: StoredKind): string;
  /** A value of this kind where the database cannot tell, as null in a union. */
  typed(value: Sql, kind: StoredKind): Sql;
  /**
   * A bound value that a statement is not planned by, so that its plan is kept: planning a list of 30 rows takes PostgreSQL 90
   * to 180 µs, and reading it 30 to 140. Undefined where statements are planned once in any case.
   */
  readonly unseen: ((value: Sql, kind: StoredKind) => Sql) | undefined;
  /** The SQL of an id that counts up by itself. */
  readonly countingId: string;
  /** A row's value as a value the driver binds. Instants are RFC 3339 texts, JSON is given as its value. */
  encode(kind: StoredKind, value: unknown): Value;
  /** Converts a driver's value to a row's; undefined where they are the same. Never called with null. */
  decoder(kind: StoredKind): ((value: unknown) => unknown) | undefined;
  /** A value of this kind, as it can be compared: PostgreSQL compares no JSON, but both keep its text as it was given. */
  comparable(value: Sql, kind: StoredKind): Sql;
  /** The value that a text stands for. */
  fromText(text: Sql, kind: StoredKind): Sql;
  /** `column in (...)`, for any number of values in one placeholder. */
  within(column: Sql, values: Sql, kind: StoredKind): Sql;
  /** The values of a list as rows with one column `value`, for joins. */
  listed(values: Sql, kind: StoredKind): Sql;
  /** A list as the one value `within` and `listed` take. */
  encodeList(values: readonly Value[]): Value;
  /** The values of a column as a JSON array, in an order. */
  arrayOf(column: Sql, order: Sql): Sql;
  /** The average of a column of integers or numbers, as a double; null of no values. */
  average(column: Sql): Sql;
  /** The sum of a column, 0 of no rows; exact for decimals, a double for integers and numbers. */
  sum(column: Sql, kind: StoredKind, scale: number): Sql;
  /** Text conditions. No wildcard of a caller's text has a meaning. */
  readonly texts: Readonly<Record<TextMatch, TextCondition>>;
  /** Converts a text to the value bound for such a condition (SQLite's patterns have wildcards to escape). */
  pattern(match: TextMatch, text: string): string;
  /** A column as no index is used for it; undefined where the planner knows how many rows a condition leaves. */
  readonly withoutIndex: ((name: string) => Sql) | undefined;
  /**
   * Ends a subquery that is asked for each of a few rows. PostgreSQL would else read and hash all rows it may find, by how many
   * rows the table has (a page of 31 rows and 25,000 of the caller: 5.5 against 0.3 ms); nothing on SQLite.
   */
  readonly forFewRows: Sql;
  /** Whether rows that belong to those of a page are found faster for all of these at once than for one after the other. */
  readonly asksOfPage: boolean;
  /**
   * A condition that a column has one of the values that a query selects, which are few: looked up once, and then compared with
   * each row. Undefined where a lookup for each row costs no more.
   */
  readonly amongFew: ((column: Sql, values: Sql) => Sql) | undefined;
  /** Whether a subquery in `from` may refer to the items before it (`lateral`). */
  readonly lateral: boolean;
  /**
   * Whether `union all` gives its parts one after the other, each in the order of its subquery: SQLite does, and numbering the
   * rows would take it a microsecond each.
   */
  readonly keepsOrderInUnion: boolean;
  /** Waits for other transactions that have locked a text, and locks it until the end; undefined where one writes at a time anyway. */
  lockUntilCommit(text: Sql): Sql | undefined;
  /** Added to a select whose row is about to be written or deleted in the same transaction. */
  readonly forUpdate: Sql;
  /** The same for a row that keeps its id: new rows that refer to it wait for nothing. */
  readonly forEdit: Sql;
  /** The same, passing over rows that another transaction is writing. */
  readonly skipLocked: Sql;
  /**
   * Selects as `locked` whether a text could be locked for this transaction, without waiting; undefined where transactions
   * that write come one after the other anyway.
   */
  readonly tryLock: ((text: Sql) => Sql) | undefined;
  /**
   * Waits until this transaction is the next to commit of those that run this; undefined where transactions that write come
   * one after the other anyway. Until it ends the others wait: it comes last.
   */
  readonly commitOrder: Sql | undefined;
  /** Seconds since 1970, by the one clock that all processes on this database share: PostgreSQL's, or the machine's. */
  readonly clock: Sql;
  /** The instant of the same clock, as a timestamp column holds it. */
  readonly now: Sql;

  /** Whether `create table` and `add column` contain the references (SQLite); else they are added afterwards. */
  readonly inlineReferences: boolean;
  /** Follows the columns of `create table`. */
  readonly tableOptions: string;
  /** Follows a nullable column in an index, so that null comes before every value, as in lists. */
  nullsInIndex(descending: boolean): string;
  /** The `table` and `column` of every column that is there. */
  readonly actualColumns: Sql;
  /** How a full-text index is kept and searched. */
  searchSql(index: SearchIndex): SearchSql;
  /** Selects as `identity` what a database that is restored from a dump has otherwise; the table is one of its own. */
  databaseIdentity(table: string): Sql;
  /** The statements that make the changes of a migration. */
  migrationSql(migration: Migration): string[];

  /** Compiles the insertion of encoded rows into these columns, many to a statement. */
  bulkInsert(table: string, columns: readonly ColumnType[]): (rows: readonly Value[][]) => BulkInsert[];
  /** Runs `write` while references are not checked; they are checked before the transaction ends. */
  withoutReferences<T>(transaction: Executor, write: () => Promise<T>): Promise<T>;
  /** Selects as `last` the highest id that a counting table has given, deleted rows' included. */
  lastGivenId(table: string, key: string): Sql;
  /** Whether the id of a row whose insertion is undone is given to the next one (SQLite); a sequence goes on (PostgreSQL). */
  readonly givesUndoneIds: boolean;
  /** Makes a counting table go on after an id. */
  continueAfter(table: string, key: string, last: number): Sql[];
  /** Keeps others from writing these tables until the transaction ends; nothing where an exclusive transaction does so anyway. */
  lockTables(tables: readonly string[]): Sql[];
  /** Removes every row of tables that refer to each other alone; ids go on as `continueAfter` says. */
  emptyTables(tables: readonly string[]): Sql[];
  /** Updates what the query planner knows of a table that was filled; nothing where it does that by itself. */
  analyze(table: string): Sql[];
}

export type TextOperator = 'contains' | 'icontains' | 'starts' | 'ends';
type TextCondition = (column: Sql, text: Sql) => Sql;
