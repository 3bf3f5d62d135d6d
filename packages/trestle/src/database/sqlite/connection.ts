import type { DatabaseSync } from 'node:sqlite';
import type { Statement } from '../statement.ts';
import type { Columns, Executor, Value } from '../store.ts';
import { sqliteProblem } from './errors.ts';
import { Prepared } from './prepared.ts';

/** Filters make new texts; beyond this many the oldest is prepared anew when it comes again. */
const MOST_PREPARED = 500;

/** One connection and the statements prepared on it. */
export class Connection implements Executor {
  readonly database: DatabaseSync;
  /** Statements run so far. */
  statements = 0;
  readonly #prepared = new Map<string, Prepared>();

  constructor(database: DatabaseSync) {
    this.database = database;
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
    if (this.#prepared.size >= MOST_PREPARED) {
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
