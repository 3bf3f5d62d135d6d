import { createHmac } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import { sql } from '../../database/sql.ts';
import { param } from '../../database/statement.ts';
import type { Executor, Store } from '../../database/store.ts';
import { Problem } from '../../problems.ts';
import { type SystemModel, SystemTable } from '../../rows/system-tables.ts';
import type { RowId } from '../../schema/id.ts';
import type { AccountResources, AttemptRow } from '../resources.ts';
import { type Rate, RateLimiter, tooManyRequests } from './rate-limiter.ts';

interface AccountLimits {
  /** Failures in a row that cost no delay. */
  free: number;
  /** Seconds of the longest delay; it starts with 1 and doubles. */
  longest: number;
  /** Failures in a row from which on there is one attempt a day. */
  stop: number;
}

export interface ThrottleLimits {
  /** Failed sign-ins of one account (default: 5 free, then 1 s doubling to 15 min, at 100 in a row one a day). */
  account: AccountLimits;
  /** Failed sign-ins from one source (default: 10 a minute). */
  source: Rate;
  /** Sign-ups from one source (default: 60 a minute). */
  signUp: Rate;
  /** Wrong administrator's secrets from one source (default: 10 a minute). */
  administrator: Rate;
}

export const THROTTLE: ThrottleLimits = {
  account: { free: 5, longest: 900, stop: 100 },
  source: { limit: 10, window: 60 },
  signUp: { limit: 60, window: 60 },
  administrator: { limit: 10, window: 60 },
};

/** Seconds. */
const DAY = 86_400;
/** Attempts that may wait for others of their account or source. */
const MAX_WAITING = 32;
/** Sources that are trusted for one account: the latest it has signed in from. */
const MAX_TRUSTED_SOURCES = 16;
/** How long a source is trusted without a sign-in, in milliseconds. */
const TRUST_MS = 90 * DAY * 1000;
/** Counters that all names without an account share: their failures are stored as those of accounts are, in bounded space. */
const UNKNOWN_NAME_SLOTS = 65_536;
/** Counters with failures that are not written yet. */
const MAX_UNWRITTEN = 10_000;
/** Difference between the clocks of two processes, at most; both follow the database's. */
const MAX_CLOCK_SKEW_MS = 1000;
const RETRY_MS = 1000;

/** Failures in a row of an account, from one source or all, while attempts at it are under way. */
interface Counter {
  readonly key: string;
  readonly account: RowId | null;
  failures: number;
  /** By the database's clock. */
  failedAt: number;
  isLoaded: boolean;
  /** Failures that are counted here and not in the database yet. */
  unwritten: number;
  underWay: number;
  /** Attempts and writes that need it in memory. */
  holders: number;
}

/** Dropped: the password was not checked, or it was right and nothing came of it. */
export type AttemptOutcome = 'succeeded' | 'failed' | 'dropped';

/** One attempt to sign in. End it once, whatever comes of it. */
interface Attempt {
  /** Forgets the failures, and trusts the source of a sign-in. Runs in the transaction that the success is part of. */
  store(transaction: Executor): Promise<void>;
  /** A success ends after the commit of `store`. */
  end(outcome: AttemptOutcome): void;
}

interface ThrottleOptions {
  readonly store: Store;
  readonly model: SystemModel;
  /** Distributes the names that no account has. */
  readonly key: Buffer;
  readonly limits: ThrottleLimits;
  /** The database's clock, for what is stored. */
  readonly now: () => number;
  /** For what is not. */
  readonly monotonic: () => number;
}

/**
 * Slows down guessing, by account and by source. The failures of an account are stored in the database: they hold for
 * every process and outlast a restart, and strangers' requests push nothing out. Those of sources are in memory.
 * Attempts that could be one too many wait for those under way, so that a client with the right password is never taken
 * for a guesser for how many it sends at once. A source from which an account was made or has signed in is counted apart
 * for that account, so that strangers' guesses do not keep its owner out.
 */
export class Throttle {
  readonly administrator: RateLimiter;
  readonly #options: ThrottleOptions;
  readonly #statements: ReturnType<typeof statements>;
  readonly #sources: RateLimiter;
  readonly #signUps: RateLimiter;
  readonly #counters = new Map<string, Counter>();
  readonly #underWay = new Map<string, number>();
  readonly #waiting: (() => void)[] = [];
  readonly #writes = new Set<Promise<void>>();
  #closed = false;

  constructor(options: ThrottleOptions) {
    const { limits, monotonic, model } = options;
    this.#options = options;
    this.#statements = statements(model);
    this.#sources = new RateLimiter('sign-in-source', limits.source, monotonic);
    this.#signUps = new RateLimiter('sign-up', limits.signUp, monotonic);
    this.administrator = new RateLimiter('administrator', limits.administrator, monotonic);
  }

  /**
   * An attempt to sign in to an account, or under a name that has none. Throws `too_many_requests`, and `unavailable` where
   * too many wait.
   */
  async signIn(name: string, account: RowId | undefined, source: string): Promise<Attempt> {
    if (account === undefined) {
      // Names without an account share counters that nobody can choose.
      const digest = createHmac('sha256', this.#options.key).update(name).digest();
      const [own] = await this.#load(null, [`name:${digest.readUInt32BE(0) % UNKNOWN_NAME_SLOTS}`]);
      return this.#begin(own.counter, source);
    }
    const [own, trusted] = await this.#load(account, [`account:${account}`, trustedKey(account, source)]);
    this.#release(trusted.row ? own.counter : trusted.counter);
    return trusted.row
      ? this.#begin(trusted.counter, undefined, trusted.row)
      : this.#begin(own.counter, source);
  }

  /** Guesses at an account's password by someone who is signed in to it. Throws `too_many_requests`. */
  async ownPassword(account: RowId): Promise<Attempt> {
    const [own] = await this.#load(account, [`password:${account}`]);
    return this.#begin(own.counter, undefined);
  }

  /** Throws `too_many_requests`. */
  signUp(source: string): void {
    const wait = this.#signUps.waitOf(source);
    if (wait > 0) throw this.#signUps.refusal(wait);
    this.#signUps.hit(source);
  }

  /** Trusts a source for an account: it was made from there, or has signed in from there. */
  async trust(transaction: Executor, account: RowId, source: string): Promise<void> {
    const used_at = new Date(this.#options.now()).toISOString();
    const id = trustedKey(account, source);
    await this.#statements.forget(transaction, { id, account, failures: 0, failed_at: null, used_at });
    await this.#statements.prune(transaction, { account });
  }

  /** Removes what no longer counts: sources that were not used for long, and failures under names that nobody has. */
  async purge(transaction: Executor): Promise<void> {
    const now = this.#options.now();
    await this.#statements.purge(transaction, {
      unused: new Date(now - TRUST_MS).toISOString(),
      old: new Date(now - DAY * 1000).toISOString(),
    });
  }

  /** Waits for failures to be written. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#writes);
  }

  /**
   * The counter of each key, with what is stored of it. They are kept in memory from before they are read, so that no write ends
   * unseen in between. What is stored is taken over where it is newer: another process may have counted more.
   */
  async #load<const Keys extends readonly string[]>(account: RowId | null, keys: Keys) {
    const held: { readonly counter: Counter; row: AttemptRow | undefined }[] = [];
    for (const key of keys) {
      const known = this.#counters.get(key);
      const fresh = { failures: 0, failedAt: 0, isLoaded: false, unwritten: 0, underWay: 0, holders: 0 };
      const counter: Counter = known ?? { key, account, ...fresh };
      if (!known) this.#counters.set(key, counter);
      counter.holders += 1;
      held.push({ counter, row: undefined });
    }
    const { store } = this.#options;
    const rows = new Map<string, AttemptRow>();
    try {
      const found = await this.#statements.find(store, { ids: store.dialect.encodeList(keys) });
      for (const row of found) rows.set(row.id, row);
    } catch (error) {
      for (const { counter } of held) this.#release(counter);
      throw error;
    }
    for (const one of held) {
      const { counter } = one;
      one.row = rows.get(counter.key);
      const failedAt = one.row?.failed_at ? Date.parse(one.row.failed_at) : 0;
      if (one.row && (!counter.isLoaded || failedAt > counter.failedAt))
        Object.assign(counter, { failures: one.row.failures, failedAt });
      counter.isLoaded = true;
    }
    // One for each key.
    return held as { readonly [Each in keyof Keys]: (typeof held)[number] };
  }

  #release(counter: Counter): void {
    counter.holders -= 1;
    if (counter.holders === 0) this.#counters.delete(counter.key);
  }

  /** Waits for its turn. `source` is undefined where its failures do not count, `trust` where it is not trusted yet. */
  async #begin(counter: Counter, source: string | undefined, trust?: AttemptRow): Promise<Attempt> {
    try {
      while (!(this.#mayTry(counter) && (source === undefined || this.#sourceMayTry(source)))) {
        if (this.#waiting.length >= MAX_WAITING)
          throw new Problem('unavailable', {
            detail: 'Too many sign-ins are waiting just now. Try again in a second.',
            headers: { 'Retry-After': '1' },
          });
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
    } catch (error) {
      this.#release(counter);
      throw error;
    }
    counter.underWay += 1;
    if (source !== undefined) this.#underWay.set(source, (this.#underWay.get(source) ?? 0) + 1);
    return {
      store: async (transaction) => {
        const { account, key: id } = counter;
        const now = this.#options.now();
        const used_at = new Date(now).toISOString();
        const isRecent = trust !== undefined && now - Date.parse(trust.used_at) < DAY * 1000;
        if (counter.failures > 0 || (trust && !isRecent))
          await this.#statements.forget(transaction, { id, account, failures: 0, failed_at: null, used_at });
        if (source !== undefined && account !== null) await this.trust(transaction, account, source);
      },
      end: (outcome) => {
        if (outcome === 'succeeded') counter.failures = 0;
        if (outcome === 'failed') {
          counter.failures += 1;
          counter.failedAt = this.#options.now();
          if (source !== undefined) this.#sources.hit(source);
          this.#write(counter);
        }
        counter.underWay -= 1;
        if (source !== undefined) {
          const left = (this.#underWay.get(source) ?? 1) - 1;
          if (left === 0) this.#underWay.delete(source);
          else this.#underWay.set(source, left);
        }
        this.#release(counter);
        for (const next of this.#waiting.splice(0)) next();
      },
    };
  }

  /** False: wait for those under way. Throws `too_many_requests`. */
  #mayTry({ failures, failedAt, underWay }: Counter): boolean {
    const { free, longest, stop } = this.#options.limits.account;
    if (failures + underWay < free) return true;
    if (underWay > 0) return false;
    const delay = failures >= stop ? DAY : Math.min(longest, 2 ** (failures - free));
    const passed = this.#options.now() - failedAt;
    // A failure in the future is from before a clock was set back; the next one is dated anew.
    const wait = passed < -MAX_CLOCK_SKEW_MS ? 0 : Math.ceil((delay * 1000 - Math.max(0, passed)) / 1000);
    if (wait > 0) throw tooManyRequests('sign-in-account', { limit: 1, window: delay }, wait);
    return true;
  }

  /** No success clears the failures of a source: it might be of the guesser's own account. */
  #sourceMayTry(source: string): boolean {
    const underWay = this.#underWay.get(source) ?? 0;
    if (this.#sources.count(source) + underWay < this.#sources.rate.limit) return true;
    if (underWay > 0) return false;
    throw this.#sources.refusal(this.#sources.waitOf(source));
  }

  /**
   * Stores a failure, those of one counter in their order. The answer does not wait for it, so that its time says nothing of
   * whether the account exists; the counter stays in memory until it is written.
   */
  #write(counter: Counter): void {
    counter.unwritten += 1;
    if (counter.unwritten > 1 || this.#writes.size >= MAX_UNWRITTEN) return;
    const { store } = this.#options;
    const alone: Executor = { all: (statement, given) => store.writeOne(statement, given) };
    const write = async () => {
      while (counter.unwritten > 0) {
        const { key: id, account, unwritten: failures } = counter;
        const at = new Date(counter.failedAt).toISOString();
        try {
          await this.#statements.count(alone, { id, account, failures, failed_at: at, used_at: at });
          counter.unwritten -= failures;
        } catch (error) {
          // An account that is gone needs no counter; everything else may pass.
          const gone = error instanceof Problem && error.code === 'conflict';
          if (gone || this.#closed) return;
          await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
        }
      }
    };
    counter.holders += 1;
    const writing: Promise<void> = write().finally(() => {
      this.#writes.delete(writing);
      this.#release(counter);
    });
    this.#writes.add(writing);
  }
}

function trustedKey(account: RowId, source: string): string {
  return `source:${account}:${source}`;
}

function statements(model: SystemModel) {
  const table = new SystemTable<AccountResources['attempts']>(model);
  const { dialect } = table.model;
  const assigned = (name: string) => sql`${sql.ref(name)} = excluded.${sql.ref(name)}`;
  const ofAccount = sql`account = ${param('account')} and id like 'source:%'`;
  return {
    find: table.select(sql`where ${dialect.within(sql.ref('id'), sql`${param('ids')}`, 'text')}`),
    count: table.insert(sql`on conflict (id) do update set
      failures = ${table.name}.failures + excluded.failures, ${assigned('failed_at')}`),
    forget: table.insert(sql`on conflict (id) do update set
      ${assigned('failures')}, ${assigned('failed_at')}, ${assigned('used_at')}`),
    prune: table.execute(sql`delete from ${table.name} where ${ofAccount} and id not in
      (select id from ${table.name} where ${ofAccount} order by used_at desc, id limit ${sql.lit(MAX_TRUSTED_SOURCES)})`),
    // Two ranges of two indexes.
    purge:
      table.execute(sql`delete from ${table.name} where (used_at < ${param('unused')} and id like 'source:%')
      or (id >= 'name:' and id < 'name;' and failed_at < ${param('old')})`),
  };
}

/**
 * The source an address counts for: an IPv4 address itself, of an IPv6 address its /64, which one subscriber has whole.
 * IPv4 addresses written as IPv6 (`::ffff:192.0.2.1`) are the IPv4 address.
 */
export function sourceOf(address: string): string {
  const bare = address.split('%')[0] ?? '';
  if (isIPv4(bare)) return bare;
  if (!isIPv6(bare)) return 'unknown';
  // The eight 16-bit groups of an IPv6 address.
  const [head = '', tail] = bare.split('::');
  const before = parse(head);
  const after = tail === undefined ? [] : parse(tail);
  const gap = new Array<number>(Math.max(0, 8 - before.length - after.length)).fill(0);
  const groups = [...before, ...gap, ...after];
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (mapped)
    return groups
      .slice(6)
      .flatMap((group) => [group >> 8, group & 255])
      .join('.');
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

function parse(part: string): number[] {
  if (part === '') return [];
  return part.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}
