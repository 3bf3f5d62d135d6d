import { Problem } from '../problems.ts';
import type { Dialect } from './dialect.ts';
import { type Sql, sql } from './sql.ts';
import type { Statement } from './statement.ts';

/** A value both databases take. Encode every other value first: node:sqlite reads an object as named parameters. */
export type Value = string | number | null | boolean | Uint8Array;

/** A row as the database gives it, before a field's decoding. */
export type Columns = { readonly [column: string]: unknown };

/** Runs statements. SQLite answers at once, PostgreSQL with a promise: `await` serves both. */
export interface Executor {
  all(statement: Statement, values: readonly Value[]): Columns[] | Promise<Columns[]>;
}

/** A database that is read, and how its values are to be understood. */
export interface Reader extends Executor {
  readonly dialect: Dialect;
}

/** Work inside a transaction. On SQLite it shares its commit with others: wait for nothing but the executor in it. */
export type Work<T> = (transaction: Executor) => T | Promise<T>;

/** A transaction that nobody else migrates or copies beside. */
export interface ExclusiveTransaction extends Executor {
  /** Writes a copy of what is committed and answers its path; undefined where that is the operator's (PostgreSQL). */
  backup(now: string): string | undefined;
}

export interface WriteOptions {
  /** No time limits, for work that may take minutes: migrations, copies (default: false). */
  readonly patient?: boolean;
}

export interface WriteOneOptions {
  /**
   * A name of the one row that the statement locks; '' where it locks none that is there. Given, it may share a transaction with
   * others, which lock their rows in the order of these names, so that no two such transactions wait for each other. Not for a
   * statement that other rows may refuse or hold up, by a value that must be unique (default: a transaction of its own).
   */
  readonly locks?: string | undefined;
}

/** Cost of a read: the rows it takes or passes over, and the microseconds that SQLite looks at each row of the table. */
export interface ReadCost {
  readonly rows: number;
  readonly perRow: number;
  readonly table: Sql;
  /** Whether it may look at many other rows, which is known only once it has run (default: false). */
  readonly isOpen?: boolean;
}

/** Stands after `where` in reads that may look at many rows of a table: where a thread puts what ends a long one in time. */
export const eachRowOf = (table: Sql): Sql => sql`/* each row of ${table} */`;
export const EACH_ROW = /\/\* each row of (\S+) \*\//g;

/** The 503 of a read that took too long. */
export function scanTooLong(cause?: unknown): Problem {
  return new Problem('unavailable', {
    detail:
      'This read looked at too many rows. Narrow it: filter by an indexed field, with fewer text conditions, or ask for fewer rows with limit.',
    headers: { 'Retry-After': '1' },
    cause,
  });
}

/** The 503 of a long read for which there is no room beside others. */
export function tooManyScans(): Problem {
  return new Problem('unavailable', {
    detail: 'Too many long reads are under way. Try again in a moment, or narrow the filter.',
    headers: { 'Retry-After': '1' },
  });
}

/** The failure of a write that waited for something other than its transaction. */
export function waitedElsewhere(code = 'a write', cause?: unknown): Problem {
  const message = `${code} waited for something other than its transaction; move that to before or after it`;
  return new Problem('internal', { cause: new Error(message, { cause }) });
}

/** Measures of a store. */
export interface StoreMeasures {
  /** Size of the app's rows and indexes. */
  readonly databaseBytes: number;
  /** Size of the write-ahead log, where it is the app's own. */
  readonly walBytes?: number;
  /** Where commits are shared: how many there were, the writes in them, and the writes that wait for one. */
  readonly commits?: { readonly total: number; readonly writes: number; readonly waiting: number };
  /** Where there is a pool: its connections, and the requests that wait for one. */
  readonly connections?: { readonly open: number; readonly idle: number; readonly waiting: number };
}

/** Where the rows of one app live. */
export interface Store extends Executor {
  readonly dialect: Dialect;
  /** The number of statements run so far: what tests and metrics count. */
  readonly statements: number;
  /**
   * Runs work in a transaction and resolves when its commit is on disk. What it throws undoes this work and no other.
   * Throws `conflict` (naming the field) for a broken constraint, `unavailable` (503, Retry-After) and `storage_full`.
   */
  write<T>(work: Work<T>, options?: WriteOptions): Promise<T>;
  /**
   * Runs one statement that nothing undoes but its own failure: one round trip to PostgreSQL where `write` takes two and more,
   * and on SQLite no savepoint. Throws as `write` does.
   */
  writeOne(statement: Statement, values: readonly Value[], options?: WriteOneOptions): Promise<Columns[]>;
  /** Rows in parts of `size`, from one snapshot, with flat memory. */
  stream(statement: Statement, values: readonly Value[], size: number): AsyncIterable<Columns[]>;
  /** Runs a read that may take long: on SQLite in a thread, unless it is short. Throws `unavailable` where it takes too long. */
  scan(statement: Statement, values: readonly Value[], cost: ReadCost): Columns[] | Promise<Columns[]>;
  /** Another number once another process has committed something; undefined where that takes a query to know. */
  foreignCommits(): number | undefined;
  /**
   * Runs one transaction without time limits while no other process migrates or copies; waits for one that does, for `wait`
   * milliseconds. Throws `StartError` where that was not long enough.
   */
  exclusive<T>(wait: number, write: (transaction: ExclusiveTransaction) => Promise<T>): Promise<T>;
  /** Reads one unchanging view of the whole database, while others write it. */
  snapshot<T>(read: (reader: Executor) => Promise<T>): Promise<T>;
  /** Sizes, connections and commits, for metrics. */
  measure(): StoreMeasures | Promise<StoreMeasures>;
  /** False while writes cannot be taken, with the reason in `why`. `fatal`: they never will be again in this process. */
  health(): { ready: boolean; why?: string; fatal?: boolean };
  close(): Promise<void>;
}
