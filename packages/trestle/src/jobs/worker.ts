import { bind } from '../database/statement.ts';
import { claimOperation } from './claim.ts';
import { Hold } from './hold.ts';
import type { Parts } from './parts.ts';
import { runOperation } from './run.ts';

/** Milliseconds between looks for operations that have been kept long enough. */
const FORGET_EVERY = 3600_000;

/** Claims operations and runs a bounded number of them at once: woken by changes, else looking every so often. */
export class Worker {
  readonly #parts: Parts;
  readonly #running = new Map<Hold, Promise<void>>();
  readonly #poll: NodeJS.Timeout;
  readonly #forget: NodeJS.Timeout;
  readonly #unwatch: () => void;
  #turn: Promise<void> | undefined;
  #again = false;
  #closed = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#poll = setInterval(() => this.wake(), parts.limits.poll * 1000);
    this.#forget = setInterval(() => this.#forgetOld(), FORGET_EVERY);
    this.#unwatch = parts.changes.watchAll(() => this.wake());
    this.#forgetOld();
    this.wake();
  }

  /** Looks for work soon. */
  wake(): void {
    if (this.#closed) return;
    this.#again = true;
    this.#turn ??= this.#take().finally(() => {
      this.#turn = undefined;
    });
  }

  /** Stops claiming, asks what runs to stop and gives it back. What does not stop in time is left to its lease. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#poll);
    clearInterval(this.#forget);
    this.#unwatch();
    await this.#turn;
    for (const hold of this.#running.keys()) hold.stop('closing');
    await within(this.#parts.limits.closing, Promise.all(this.#running.values()));
    await Promise.all([...this.#running.keys()].map((hold) => hold.end()));
  }

  async #take(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false;
      try {
        while (this.#running.size < this.#parts.limits.concurrency && !this.#closed)
          if (!(await this.#takeOne())) break;
      } catch (error) {
        this.#parts.log.failed(error);
      }
    }
  }

  async #takeOne(): Promise<boolean> {
    const record = await claimOperation(this.#parts);
    if (!record) return false;
    const hold = new Hold(this.#parts, record);
    const done = runOperation(this.#parts, record, hold).finally(() => {
      this.#running.delete(hold);
      this.wake();
    });
    this.#running.set(hold, done);
    return true;
  }

  #forgetOld(): void {
    const { store, statements, limits, log } = this.#parts;
    const before = new Date(Date.now() - limits.kept * 1000).toISOString();
    store
      .write((transaction) => transaction.all(statements.forget, bind(statements.forget, { before })))
      .catch(log.failed);
  }
}

/** Waits for work, but for so many seconds at the most. */
async function within(seconds: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise((resolve) => {
    timer = setTimeout(resolve, seconds * 1000);
  });
  await Promise.race([work, limit]);
  clearTimeout(timer);
}
