import { type Rate, RateWindow } from './rate-window.ts';

/** Whether one more attempt may start: now, once those under way are settled, or in so many seconds. */
export type Turn = { may: 'go' | 'wait' } | { may: 'not'; wait: number; policy: string; rate: Rate };

/** What counts failed attempts, and which are under way: those might fail too. */
export interface Lane {
  underWay: number;
  turn(now: number): Turn;
  failed(now: number): void;
  succeeded(): void;
}

export interface AccountLimits {
  /** Failures in a row that cost no delay. */
  free: number;
  /** Seconds of the longest delay; it starts with 1 and doubles. */
  longest: number;
  /** Failures in a row from which on there is one attempt a day. */
  stop: number;
}

const DAY = 86_400;

/** The failures in a row of one account. */
export class AccountLane implements Lane {
  readonly #limits: AccountLimits;
  underWay = 0;
  #failures = 0;
  #last = 0;

  constructor(limits: AccountLimits) {
    this.#limits = limits;
  }

  turn(now: number): Turn {
    if (this.#failures + this.underWay < this.#limits.free) return { may: 'go' };
    if (this.underWay > 0) return { may: 'wait' };
    const delay = this.#delay();
    const left = Math.ceil((this.#last + delay * 1000 - now) / 1000);
    if (left <= 0) return { may: 'go' };
    return { may: 'not', wait: left, policy: 'sign-in-account', rate: { limit: 1, window: delay } };
  }

  failed(now: number): void {
    this.#failures += 1;
    this.#last = now;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  #delay(): number {
    const { free, longest, stop } = this.#limits;
    if (this.#failures >= stop) return DAY;
    return Math.min(longest, 2 ** (this.#failures - free));
  }
}

/** The failures of one source in the last minute. No success clears them: it might be of the guesser's own account. */
export class SourceLane implements Lane {
  readonly #rate: Rate;
  readonly #failures: RateWindow;
  underWay = 0;

  constructor(rate: Rate) {
    this.#rate = rate;
    this.#failures = new RateWindow(rate);
  }

  turn(now: number): Turn {
    if (this.#failures.count(now) + this.underWay < this.#rate.limit) return { may: 'go' };
    if (this.underWay > 0) return { may: 'wait' };
    return { may: 'not', wait: this.#failures.wait(now), policy: 'sign-in-source', rate: this.#rate };
  }

  failed(now: number): void {
    this.#failures.hit(now);
  }

  succeeded(): void {}
}
