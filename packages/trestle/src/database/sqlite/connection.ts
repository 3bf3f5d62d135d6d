import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type RowMaker, rowMaker } from '../row-maker.ts';
import type { Statement } from '../statement.ts';
import type { Columns, Executor, Value } from '../store.ts';
import { defineDecimalSum } from './decimals.ts';
import { sqliteProblem } from './errors.ts';

/** Filters make new texts; beyond this many the oldest is prepared anew when it comes again. */
const MAX_PREPARED = 500;

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
      return this.prepare(statement.sql).all(values);
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
    const prepared = new Prepared(this.database, text);
    this.#prepared.set(text, prepared);
    return prepared;
  }

  close(): void {
    this.#prepared.clear();
    if (this.database.isOpen) this.database.close();
  }
}

/** A statement prepared on one connection. Its rows are plain objects with the columns in order. */
class Prepared {
  readonly #statement: StatementSync;
  readonly #make: RowMaker;

  constructor(database: DatabaseSync, text: string) {
    this.#statement = database.prepare(text);
    this.#statement.setReturnArrays(true);
    this.#make = rowMaker(this.#statement.columns().map(({ name }) => name));
  }

  /** For what takes no parameters and answers nothing. */
  run(): void {
    this.#statement.run();
  }

  /** Never `.get()`: on INSERT … RETURNING it leaves the statement unfinished, and SQLite then never checkpoints. */
  all(values: readonly Value[]): Columns[] {
    const rows: unknown[] = this.#statement.all(...bindable(values));
    return rows.map(this.#make);
  }

  /** One row at a time, as the caller asks for them. */
  *iterate(values: readonly Value[]): Generator<Columns> {
    for (const row of this.#statement.iterate(...bindable(values))) yield this.#make(row);
  }
}

/** node:sqlite takes no booleans. */
export function bindable(values: readonly Value[]): (string | number | null | Uint8Array)[] {
  const bound: (string | number | null | Uint8Array)[] = [];
  for (const value of values) bound.push(typeof value === 'boolean' ? Number(value) : value);
  return bound;
}
