import { Problem } from '../../problems.ts';

export interface QueueSize {
  /** Works that run at the same time. */
  running: number;
  /** Works that wait for their turn. */
  waiting: number;
}

/** Runs a few works at a time and keeps a few more in line, so that a storm of sign-ins leaves the rest of the server alone. */
export class BoundedQueue {
  readonly #size: QueueSize;
  readonly #line: (() => void)[] = [];
  #running = 0;

  constructor(size: QueueSize) {
    this.#size = size;
  }

  /** Throws `unavailable` (503, `Retry-After: 1`) at once where the line is full. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.#turn();
    try {
      return await work();
    } finally {
      const next = this.#line.shift();
      // The turn is handed on as it is, so that nobody who comes in between takes it.
      if (next) next();
      else this.#running -= 1;
    }
  }

  #turn(): Promise<void> | undefined {
    if (this.#running < this.#size.running) {
      this.#running += 1;
      return undefined;
    }
    if (this.#line.length >= this.#size.waiting)
      throw new Problem('unavailable', {
        detail: 'Too many passwords are being checked just now. Try again in a second.',
        headers: { 'Retry-After': '1' },
      });
    return new Promise((resolve) => this.#line.push(resolve));
  }
}
