import type { DatabaseSync } from 'node:sqlite';
import { EACH_ROW } from '../../store.ts';

/** Calls between two looks at the clock. */
const CHECK_INTERVAL = 20;
/**
 * Calls for one row of 64: a call takes two thirds of the time that a row takes. `_rowid_`, because a field may be named `rowid`, and
 * would stand for it.
 */
const CHECK = '($1._rowid_ & 63 or trestle_tick()) and';

/** Ends statements of a connection at their time. From JavaScript only an error of a function that SQLite calls does. */
export class Deadline {
  #at = 0;
  #calls = 0;
  #isOver = false;

  constructor(database: DatabaseSync) {
    database.function('trestle_tick', () => {
      this.#calls += 1;
      if (this.#calls % CHECK_INTERVAL === 0 && Date.now() > this.#at) {
        this.#isOver = true;
        throw new Error('the deadline of this read is over');
      }
      return 1;
    });
  }

  /** Whether the last statement ended for this reason. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** @param at milliseconds since 1970 at which the statements of `checked` end that run from now on. */
  begin(at: number): void {
    this.#at = at;
    this.#isOver = false;
  }
}

/** The text of a read that looks at the deadline of its connection. */
export const checked = (text: string): string => text.replace(EACH_ROW, CHECK);
