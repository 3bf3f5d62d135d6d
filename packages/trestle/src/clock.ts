const made = { milliseconds: 0, text: '' };

/** Now, as RFC 3339 in UTC with milliseconds. The text is made once a millisecond: that takes as long as a row by its id. */
export function instantNow(): string {
  const milliseconds = Date.now();
  if (milliseconds !== made.milliseconds) {
    made.milliseconds = milliseconds;
    made.text = new Date(milliseconds).toISOString();
  }
  return made.text;
}

/** Milliseconds since 1970 as RFC 3339 in UTC. */
export function instantOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/**
 * An instant in UTC, to the millisecond. A leap second is the first of the next minute, as PostgreSQL has it; `Date`
 * knows none.
 */
export function toUtc(value: unknown): unknown {
  const [, before = '', after = ''] = /^(.{17})60(.*)$/.exec(String(value)) ?? [];
  const instant = before ? Date.parse(`${before}59${after}`) + 1000 : Date.parse(String(value));
  return Number.isNaN(instant) ? value : new Date(instant).toISOString();
}

/** Milliseconds between two comparisons with the database. */
const INTERVAL = 30_000;

/**
 * The database's clock, in milliseconds since 1970: that of PostgreSQL, or of the machine that the file is on. Stored
 * instants are made and compared by it, so that processes whose own clocks differ agree on them. Between two comparisons
 * it goes on with the monotonic clock, which nobody sets.
 */
export class DatabaseClock {
  readonly #ask: () => Promise<number>;
  /** Milliseconds by which the monotonic clock is behind. */
  #offset = Date.now() - performance.now();
  #timer: NodeJS.Timeout | undefined;

  /** @param ask the database for its time, in milliseconds since 1970. */
  constructor(ask: () => Promise<number>) {
    this.#ask = ask;
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
    const time = await this.#ask();
    const answered = performance.now();
    this.#offset = time - (asked + answered) / 2;
  }
}
