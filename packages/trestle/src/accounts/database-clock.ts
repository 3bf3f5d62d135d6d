import { sql } from '../database/sql.ts';
import { statement } from '../database/statement.ts';
import type { Store } from '../database/store.ts';

/** Milliseconds between two comparisons with the database. */
const INTERVAL = 30_000;

/**
 * The database's clock, in milliseconds since 1970: that of PostgreSQL, or of the machine that the file is on. Stored
 * instants are made and compared by it, so that processes whose own clocks differ agree on them. Between two comparisons
 * it goes on with the monotonic clock, which nobody sets.
 */
export class DatabaseClock {
  readonly #store: Store;
  readonly #query;
  /** Milliseconds by which the monotonic clock is behind. */
  #offset = Date.now() - performance.now();
  #timer: NodeJS.Timeout | undefined;

  constructor(store: Store) {
    this.#store = store;
    this.#query = statement(store.dialect, sql`select ${store.dialect.clock} as now`);
  }

  /** Compares with the database now, and then regularly. */
  async start(): Promise<void> {
    await this.#compare();
    // While the database does not answer, the clock goes on as it is.
    this.#timer = setInterval(() => void this.#compare().catch(() => {}), INTERVAL).unref();
  }

  readonly now = (): number => Math.floor(performance.now() + this.#offset);

  stop(): void {
    clearInterval(this.#timer);
  }

  async #compare(): Promise<void> {
    const asked = performance.now();
    const [row] = await this.#store.all(this.#query, []);
    const answered = performance.now();
    this.#offset = Number(row?.now) * 1000 - (asked + answered) / 2;
  }
}
