/** What so many of are allowed in a stretch of time. */
export interface Rate {
  limit: number;
  /** Seconds. */
  window: number;
}

/** Counts what happened in the last seconds, exactly: a stretch that slides, not one that starts anew. */
export class RateWindow {
  readonly #rate: Rate;
  #hits: number[] = [];

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  hit(now: number): void {
    this.#hits.push(now);
  }

  count(now: number): number {
    const start = now - this.#rate.window * 1000;
    if (this.#hits[0] !== undefined && this.#hits[0] <= start)
      this.#hits = this.#hits.filter((at) => at > start);
    return this.#hits.length;
  }

  /** Seconds until one more is allowed, at least 1. */
  wait(now: number): number {
    const oldest = this.#hits[0] ?? now;
    return Math.max(1, Math.ceil((oldest + this.#rate.window * 1000 - now) / 1000));
  }
}
