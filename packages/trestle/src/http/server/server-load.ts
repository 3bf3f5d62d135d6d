/** How often the event loop is sampled, in milliseconds, and the weight of the newest sample: about a second's memory. */
const INTERVAL = 100;
const WEIGHT = 0.25;

/** How late the event loop runs, on average over about a second: one long pause is no overload, a row of them is. */
export class EventLoopLoad {
  /** Milliseconds. */
  lateness = 0;
  readonly #bound: number;
  readonly #timer: NodeJS.Timeout | undefined;

  /** @param bound the lateness beyond which requests are shed; 0: never. */
  constructor(bound: number) {
    this.#bound = bound;
    if (bound === 0) return;
    let due = performance.now() + INTERVAL;
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.lateness += WEIGHT * (Math.max(0, now - due) - this.lateness);
      due = now + INTERVAL;
    }, INTERVAL).unref();
  }

  get isTooHigh(): boolean {
    return this.#bound > 0 && this.lateness > this.#bound;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
