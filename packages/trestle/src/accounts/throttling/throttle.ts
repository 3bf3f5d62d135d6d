import { LruMap } from '../../lru-map.ts';
import { Problem } from '../../problems.ts';
import { AccountLane, type AccountLimits, type Lane, SourceLane, type Turn } from './attempt-counter.ts';
import { type Rate, RateWindow } from './rate-window.ts';
import { sourceOf } from './source.ts';
import { tooManyRequests } from './too-many-requests.ts';

export interface ThrottleLimits {
  /** Failed sign-ins of one account (default: 5 free, then 1 s doubling to 15 min, at 100 in a row one a day). */
  account: AccountLimits;
  /** Failed sign-ins from one source (default: 10 a minute). */
  source: Rate;
  /** Sign-ups from one source (default: 60 a minute). */
  signUp: Rate;
}

export const THROTTLE: ThrottleLimits = {
  account: { free: 5, longest: 900, stop: 100 },
  source: { limit: 10, window: 60 },
  signUp: { limit: 60, window: 60 },
};

/** Accounts, sources and pairs of them that are remembered; those unheard of for longest are forgotten first. */
const REMEMBERED = 10_000;
/** Attempts that may wait for others of their account or source. */
const LONGEST_LINE = 32;

/** One attempt to sign in. Settle it once, whatever comes of it. */
export interface Attempt {
  failed(): void;
  succeeded(): void;
  /** Neither: the password was not checked at all. */
  dropped(): void;
}

/**
 * Slows down guessing, by account and by source. It lives in this process's memory: other processes count for
 * themselves, and a restart forgets. Attempts that could be one too many wait for those under way, so that a client
 * with the right password is never taken for a guesser for how many it sends at once. A source from which an account was made or has signed in
 * is counted apart for that account, so that neither strangers' guesses nor those of a neighbour behind the same
 * address keep its owner out.
 */
export class Throttle {
  readonly #limits: ThrottleLimits;
  readonly #now: () => number;
  readonly #accounts = new LruMap<string, AccountLane>(REMEMBERED);
  readonly #sources = new LruMap<string, SourceLane>(REMEMBERED);
  readonly #signUps = new LruMap<string, RateWindow>(REMEMBERED);
  readonly #line: (() => void)[] = [];

  constructor(limits: ThrottleLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  /** Throws `too_many_requests`. */
  async signIn(username: string, address: string): Promise<Attempt> {
    const own = this.#accounts.get(pairOf(username, address));
    if (own) return this.#begin([own], () => {});
    const everyone = kept(this.#sources, sourceOf(address), () => new SourceLane(this.#limits.source));
    return this.#begin([this.#account(username.slice(0, 256)), everyone], () =>
      this.belongs(username, address),
    );
  }

  /** The account was made from this source, or has signed in from it. */
  belongs(username: string, address: string): void {
    kept(this.#accounts, pairOf(username, address), () => new AccountLane(this.#limits.account));
  }

  /** Guesses at an account's password by who is signed in to it already. Throws `too_many_requests`. */
  async changePassword(account: string): Promise<Attempt> {
    return this.#begin([this.#account(`\0${account}`)], () => {});
  }

  /** Throws `too_many_requests`. */
  signUp(address: string): void {
    const rate = this.#limits.signUp;
    const window = kept(this.#signUps, sourceOf(address), () => new RateWindow(rate));
    const now = this.#now();
    if (window.count(now) >= rate.limit) throw tooManyRequests('sign-up', rate, window.wait(now));
    window.hit(now);
  }

  #account(name: string): AccountLane {
    return kept(this.#accounts, name, () => new AccountLane(this.#limits.account));
  }

  async #begin(lanes: readonly Lane[], succeeded: () => void): Promise<Attempt> {
    while (!mayGo(lanes.map((lane) => lane.turn(this.#now())))) await this.#settled();
    for (const lane of lanes) lane.underWay += 1;
    let open = true;
    const settle = (effect: (lane: Lane) => void) => {
      if (!open) return;
      open = false;
      for (const lane of lanes) {
        lane.underWay -= 1;
        effect(lane);
      }
      for (const next of this.#line.splice(0)) next();
    };
    return {
      failed: () => settle((lane) => lane.failed(this.#now())),
      succeeded: () => {
        settle((lane) => lane.succeeded());
        succeeded();
      },
      dropped: () => settle(() => {}),
    };
  }

  #settled(): Promise<void> {
    if (this.#line.length >= LONGEST_LINE)
      throw new Problem('unavailable', {
        detail: 'Too many sign-ins are waiting just now. Try again in a second.',
        headers: { 'Retry-After': '1' },
      });
    return new Promise((resolve) => this.#line.push(resolve));
  }
}

/** False: wait for those under way. Throws `too_many_requests`. */
function mayGo(turns: readonly Turn[]): boolean {
  for (const turn of turns) if (turn.may === 'not') throw tooManyRequests(turn.policy, turn.rate, turn.wait);
  return turns.every((turn) => turn.may === 'go');
}

function pairOf(username: string, address: string): string {
  return `${username.slice(0, 256)}\0${sourceOf(address)}`;
}

function kept<V>(map: LruMap<string, V>, key: string, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
