import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { FifoMap } from '../../fifo-map.ts';
import { type RowMaker, rowMaker } from '../row-maker.ts';
import type { Statement } from '../statement.ts';
import type { Columns, Executor, Value } from '../store.ts';
import { defineDecimalSum } from './decimals.ts';
import { sqliteProblem } from './errors.ts';

/** Filters make new texts; beyond this many, that which was used longest ago is prepared anew when it comes again. */
const MAX_PREPARED = 500;
/** From so many on, it is noted which statement was used last. */
const ORDERED_FROM = 400;

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
  readonly #prepared = new FifoMap<string, Prepared>(MAX_PREPARED);

  constructor(database: DatabaseSync) {
    this.database = database;
    defineDecimalSum(database);
  }

  all(statement: Statement, values: readonly Value[]): Columns[] {
    this.statements += 1;
    try {
      const { prepared, make } = this.prepare(statement.sql);
      // Never `.get()`: on INSERT ... RETURNING it leaves the statement unfinished, and SQLite then never checkpoints.
      const rows: unknown[] = prepared.all(...(values as SqliteValues));
      return rows.map(make);
    } catch (error) {
      throw sqliteProblem(error);
    }
  }

  prepare(text: string): Prepared {
    const known = this.#prepared.get(text);
    if (known && this.#prepared.size >= ORDERED_FROM) this.#prepared.set(text, known);
    if (known) return known;
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
