import type { JobRecord } from './job-table.ts';
import type { JobQueue } from './queue.ts';

/** Why a run was told to stop. */
type StopReason = 'cancelled' | 'lost' | 'closing' | 'timeout';

/** The longest that a timer of Node.js can wait, in milliseconds. */
const MAX_TIMER = 2 ** 31 - 1;
const MAX_MESSAGE_LENGTH = 500;
/** Attempts of a job that are kept, the last. */
const MAX_KEPT = 20;

/**
 * Holds a claimed job while its code runs: renews the lease, stores progress a few times a second, and aborts the run's signal
 * when a cancel was asked for, the time is up, the lease is lost or the process closes.
 */
export class Lease {
  readonly record: JobRecord;
  /** Seconds. */
  readonly timeout: number;
  reason: StopReason | undefined;
  readonly #queue: JobQueue;
  readonly #failed: (error: unknown) => void;
  readonly #abort = new AbortController();
  readonly signal: AbortSignal = this.#abort.signal;
  readonly #timers: readonly NodeJS.Timeout[];
  readonly #unwatch: () => void;
  #progress: { progress: number; message: string | null } | undefined;
  #progressTimer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #renewed = performance.now();
  readonly #began = performance.now();
  #ended = false;

  /** @param timeout seconds of this attempt (default: the queue's). */
  constructor(
    queue: JobQueue,
    record: JobRecord,
    failed: (error: unknown) => void,
    timeout: number = queue.limits.timeout,
  ) {
    this.record = record;
    this.timeout = timeout;
    this.#queue = queue;
    this.#failed = failed;
    const { heartbeat, poll } = queue.limits;
    this.#timers = [
      setInterval(() => this.#write('renew'), heartbeat * 1000),
      // A cancel that another process took, where the database tells nobody.
      setInterval(() => this.#look(), poll * 1000),
      setTimeout(() => this.stop('timeout'), Math.min(timeout * 1000, MAX_TIMER)),
    ];
    this.#unwatch = queue.watch(record.id, () => this.#look());
  }

  /** The attempts of the job once this one has ended, now, as they are kept with it. */
  attempts({ outcome, error = null }: { outcome: AttemptOutcome; error?: string | null }): Attempt[] {
    const { attempt_at: started_at, attempts: number } = this.record;
    const milliseconds = performance.now() - this.#began;
    // By the database's clock, as its beginning.
    const finished_at =
      started_at === null ? null : new Date(Date.parse(started_at) + milliseconds).toISOString();
    const ended = { number, started_at, finished_at, outcome, error };
    return [...attemptsBefore(this.record), ended].slice(-MAX_KEPT);
  }

  stop(reason: StopReason): void {
    this.reason ??= reason;
    this.#abort.abort(new DOMException(`the job was stopped: ${reason}`, 'AbortError'));
  }

  /** Waits for code to end. Once the signal has aborted it has a moment to, and is then left to itself. */
  async race<T>(run: Promise<T>): Promise<T> {
    let grace: NodeJS.Timeout | undefined;
    const abandoned = Promise.withResolvers<never>();
    const begin = () => {
      grace = setTimeout(() => abandoned.reject(this.signal.reason), this.#queue.limits.grace * 1000);
    };
    if (this.signal.aborted) begin();
    else this.signal.addEventListener('abort', begin, { once: true });
    try {
      return await Promise.race([run, abandoned.promise]);
    } finally {
      clearTimeout(grace);
    }
  }

  /** Notes how far the job is. What comes faster than it is stored is passed over, but for the last. */
  readonly report = (fraction: number, message?: string): void => {
    if (this.#ended) return;
    const progress = Number.isFinite(fraction) ? Math.min(Math.max(fraction, 0), 1) : 0;
    this.#progress = { progress, message: message?.slice(0, MAX_MESSAGE_LENGTH) ?? null };
    this.#progressTimer ??= setTimeout(() => {
      this.#progressTimer = undefined;
      this.#write('report');
    }, this.#queue.limits.progress * 1000);
  };

  /** Ends holding it; nothing of it is written afterwards. */
  async end(): Promise<void> {
    this.#ended = true;
    for (const timer of this.#timers) clearTimeout(timer);
    clearTimeout(this.#progressTimer);
    this.#unwatch();
    await this.#writing;
  }

  /** One statement after another; one that fails is tried again with the next heartbeat, for as long as the lease lasts. */
  #inOrder(run: () => Promise<JobRecord | undefined>): void {
    this.#writing = this.#writing
      .then(async () => {
        if (this.#ended) return;
        const found = await run();
        if (found?.fence !== this.record.fence || found.state !== 'running') this.stop('lost');
        else if (found.cancel === 1) this.stop('cancelled');
      })
      .catch((error: unknown) => {
        this.#failed(error);
        if (performance.now() - this.#renewed > this.#queue.limits.lease * 1000) this.stop('lost');
      });
  }

  #write(event: 'renew' | 'report'): void {
    this.#inOrder(async () => {
      const { id, fence } = this.record;
      const began = performance.now();
      const values = { id, fence, lease: this.#queue.limits.lease, ...this.#progress };
      const held = await this.#queue.change(event, values);
      if (held) this.#renewed = began;
      return held;
    });
  }

  #look(): void {
    if (!this.signal.aborted) this.#inOrder(() => this.#queue.find(this.record.id));
  }
}

/**
 * How an attempt ended: `released` was given back by a process that closed, and does not count; `lost` has no end, since its process
 * was killed.
 */
type AttemptOutcome = 'running' | 'succeeded' | 'failed' | 'cancelled' | 'released' | 'lost';

/** One attempt of a job. */
export interface Attempt {
  readonly number: number;
  /** Null of one of several that were lost in a row. */
  readonly started_at: string | null;
  readonly finished_at: string | null;
  readonly outcome: AttemptOutcome;
  readonly error: string | null;
}

/** The attempts of a job, the one under way last. Of a job that was enqueued by a version that kept none, those since. */
export function attemptsOf(record: JobRecord): Attempt[] {
  const { state, attempts, attempt_at } = record;
  const before = attemptsBefore(record);
  if (state !== 'running') return before;
  const running = {
    number: attempts,
    started_at: attempt_at,
    finished_at: null,
    outcome: 'running',
  } as const;
  return [...before, { ...running, error: null }];
}

/** The attempts before the one that a job was claimed for: those that ended, and those whose process said nothing any more. */
export function attemptsBefore({ past_attempts, attempts, previous_at }: JobRecord): Attempt[] {
  // Written by this module alone.
  const all = Array.isArray(past_attempts) ? ([...past_attempts] as unknown as Attempt[]) : [];
  const last = all.findLast(({ outcome }) => outcome !== 'released')?.number ?? 0;
  if (previous_at === null) return all;
  for (let number = last + 1; number < attempts; number += 1) {
    const started_at = number === attempts - 1 ? previous_at : null;
    all.push({ number, started_at, finished_at: null, outcome: 'lost', error: null });
  }
  return all;
}
