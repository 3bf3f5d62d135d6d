import { Problem } from '../../problems.ts';

/** How many are allowed in a stretch of time. */
export interface Rate {
  limit: number;
  /** Seconds. */
  window: number;
}

/** Sources that are remembered at a time. An entry costs its maker a password's hash or a source of its own. */
const MAX_SOURCES = 100_000;

/**
 * Counts what happened from each source in the last seconds, exactly, by a monotonic clock: a window that slides. Only what
 * counts makes an entry; asking never does, so that refused attempts push nothing out.
 */
export class RateLimiter {
  readonly rate: Rate;
  readonly #policy: string;
  readonly #monotonic: () => number;
  /** Times of the hits of each source, the sources in the order of their latest hit. */
  readonly #hits = new Map<string, number[]>();

  constructor(policy: string, rate: Rate, monotonic: () => number) {
    this.rate = rate;
    this.#policy = policy;
    this.#monotonic = monotonic;
  }

  hit(source: string): void {
    const recent = this.#recent(source);
    recent.push(this.#monotonic());
    this.#hits.delete(source);
    this.#hits.set(source, recent);
    for (const [oldest, times] of this.#hits) {
      const isExpired = (times.at(-1) ?? 0) <= this.#monotonic() - this.rate.window * 1000;
      if (!isExpired && this.#hits.size <= MAX_SOURCES) break;
      this.#hits.delete(oldest);
    }
  }

  count(source: string): number {
    return this.#recent(source).length;
  }

  /** Seconds until one more is allowed; 0 where it is now. */
  waitOf(source: string): number {
    const recent = this.#recent(source);
    if (recent.length < this.rate.limit) return 0;
    const oldest = recent[recent.length - this.rate.limit] ?? 0;
    return Math.max(1, Math.ceil((oldest + this.rate.window * 1000 - this.#monotonic()) / 1000));
  }

  refusal(wait: number): Problem {
    return tooManyRequests(this.#policy, this.rate, wait);
  }

  #recent(source: string): number[] {
    const start = this.#monotonic() - this.rate.window * 1000;
    return this.#hits.get(source)?.filter((at) => at > start) ?? [];
  }
}

/**
 * A refusal that says when to come back: `Retry-After` (RFC 9110, 10.2.3) and the fields of
 * draft-ietf-httpapi-ratelimit-headers-10.
 */
export function tooManyRequests(policy: string, { limit, window }: Rate, wait: number): Problem {
  return new Problem('too_many_requests', {
    detail: `Too many attempts. Try again in ${wait} ${wait === 1 ? 'second' : 'seconds'}.`,
    data: { retryAfter: wait },
    headers: {
      'Retry-After': String(wait),
      RateLimit: `"${policy}";r=0;t=${wait}`,
      'RateLimit-Policy': `"${policy}";q=${limit};w=${window}`,
    },
  });
}
