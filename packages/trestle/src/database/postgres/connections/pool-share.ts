import { tooManyScans } from '../../store.ts';
import type { ConnectionPool, Session } from './connection-pool.ts';

interface ShareOptions {
  /** Most connections at once. */
  readonly size: number;
  /** Longest wait for one of them, in ms; then `unavailable`. */
  readonly wait: number;
}

/**
 * A part of a pool's connections, for long reads: the others are left to short ones (a bulkhead). A semaphore of the pool, whose
 * waiters have their turn in order.
 */
export class PoolShare {
  readonly #pool: ConnectionPool;
  readonly #options: ShareOptions;
  readonly #waiting = new Set<() => void>();
  #free: number;

  constructor(pool: ConnectionPool, options: ShareOptions) {
    this.#pool = pool;
    this.#options = options;
    this.#free = options.size;
  }

  /** Long reads that wait for a connection. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Takes a connection, `give` returns it. Throws `unavailable` when none is free within the wait. */
  async take(): Promise<Session> {
    if (this.#free > 0) this.#free -= 1;
    else await this.#turn();
    try {
      return await this.#pool.take();
    } catch (error) {
      this.#next();
      throw error;
    }
  }

  /** Returns a connection; a spoiled one is closed. */
  give(session: Session, spoiled: boolean): void {
    this.#pool.give(session, spoiled);
    this.#next();
  }

  #turn(): Promise<void> {
    return new Promise((resolve, reject) => {
      const turn = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(turn);
        reject(tooManyScans());
      }, this.#options.wait);
      this.#waiting.add(turn);
    });
  }

  /** Hands the place of a connection on to whoever has waited longest. */
  #next(): void {
    const [turn] = this.#waiting;
    if (!turn) this.#free += 1;
    else {
      this.#waiting.delete(turn);
      turn();
    }
  }
}
