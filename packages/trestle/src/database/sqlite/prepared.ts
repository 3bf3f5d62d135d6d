import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type RowMaker, rowMaker } from '../row-maker.ts';
import type { Columns, Value } from '../store.ts';

/** A statement prepared on one connection. Its rows are plain objects with the columns in order. */
export class Prepared {
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
    return this.#statement.all(...bindable(values)).map(this.#make);
  }

  /** One row at a time, as the caller asks for them. */
  *iterate(values: readonly Value[]): Generator<Columns> {
    for (const row of this.#statement.iterate(...bindable(values))) yield this.#make(row);
  }
}

/** node:sqlite takes no booleans. */
function bindable(values: readonly Value[]): (string | number | null | Uint8Array)[] {
  return values.map((value) => (typeof value === 'boolean' ? Number(value) : value));
}
