import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type RowMaker, rowMaker } from '../row-maker.ts';
import type { Statement } from '../statement.ts';
import type { Columns, Executor, Value } from '../store.ts';
import { defineDecimalSum } from './decimals.ts';
import { sqliteProblem } from './errors.ts';

/** Filters make new texts; beyond this many the oldest is prepared anew when it comes again. */
const MAX_PREPARED = 500;

/** A statement prepared on one connection, which answers arrays, and what makes rows of them: plain objects, the columns in order. */
interface Prepared {
  readonly prepared: StatementSync;
  readonly make: RowMaker;
}

/** One connection and the statements prepared on it. */
export class Connection implements Executor {
  readonly database: DatabaseSync;
  /** Statements run so far. */
  statements = 0;
  readonly #prepared = new Map<string, Prepared>();

  constructor(database: DatabaseSync) {
    this.database = database;
    defineDecimalSum(database);
  }

  all(statement: Statement, values: readonly Value[]): Columns[] {
    this.statements += 1;
    try {
      const { prepared, make } = this.prepare(statement.sql);
      // Never `.get()`: on INSERT … RETURNING it leaves the statement unfinished, and SQLite then never checkpoints.
      const rows: unknown[] = prepared.all(...(values as SqliteValues));
      return rows.map(make);
    } catch (error) {
      throw sqliteProblem(error);
    }
  }

  prepare(text: string): Prepared {
    const known = this.#prepared.get(text);
    if (known) return known;
    if (this.#prepared.size >= MAX_PREPARED) {
      const oldest = this.#prepared.keys().next();
      if (!oldest.done) this.#prepared.delete(oldest.value);
    }
    const prepared = this.database.prepare(text);
    prepared.setReturnArrays(true);
    const made = { prepared, make: rowMaker(prepared.columns().map(({ name }) => name)) };
    this.#prepared.set(text, made);
    return made;
  }

  /** One row at a time, as the caller asks for them. */
  *iterate(statement: Statement, values: readonly Value[]): Generator<Columns> {
    const { prepared, make } = this.prepare(statement.sql);
    for (const row of prepared.iterate(...(values as SqliteValues))) yield make(row);
  }

  close(): void {
    this.#prepared.clear();
    if (this.database.isOpen) this.database.close();
  }
}

/** Values as node:sqlite takes them: no booleans, which the dialect has encoded as numbers. */
export type SqliteValues = readonly Exclude<Value, boolean>[];
