import { setTimeout as pause } from 'node:timers/promises';
import type { Store } from '../database/store.ts';
import { Problem } from '../problems.ts';
import { inTransaction, type OpenTransaction } from '../rows/transaction.ts';
import { anonymous } from '../schema/caller.ts';
import type { JsonValue } from '../schema/field.ts';
import { OperationError } from '../schema/lifecycle.ts';
import { MAX_PAUSE } from './job-limits.ts';
import type { JobRecord } from './job-table.ts';
import { type Attempt, attemptsBefore, Lease } from './lease.ts';
import type { JobQueue } from './queue.ts';

/** Seconds between looks for leases that a clock set back has made too long. */
const CLOCK_CHECK = 10;
/** Seconds between two removals of jobs that ended longer ago than they are kept. */
const PURGE_INTERVAL = 3600;
/** Times that an end is written where the database was away, with a pause that doubles from half a second. */
const COMMIT_ATTEMPTS = 4;

/** A claimed job, as its handler sees it. */
export interface RunningJob {
  readonly record: JobRecord;
  readonly signal: AbortSignal;
  progress(fraction: number, message?: string): void;
}

/** The code of a kind of job. */
export interface JobHandler {
  /** Maximum attempts (default: the queue's). */
  readonly attempts?: number | undefined;
  /** Maximum seconds of one attempt (default: the queue's). */
  readonly timeout?: number | undefined;
  /** Runs at least once, outside of any transaction. */
  run(job: RunningJob): Promise<JobOutcome>;
}

interface JobOutcome {
  readonly result?: JsonValue | undefined;
  /** Runs in the transaction that ends the job, which checks the fence: its effects happen exactly once. */
  readonly commit?: ((transaction: OpenTransaction) => Promise<void>) | undefined;
}

/** The operations' handlers are named `RESOURCE:OPERATION`, all others as their job. */
type JobHandlers = ReadonlyMap<string, JobHandler>;

/** Told of what happens while nobody waits for it. */
export interface JobLog {
  event(event: { event: string; [fact: string]: unknown }): void;
  failed(error: unknown, facts?: Readonly<Record<string, unknown>>): void;
}

interface WorkerOptions {
  readonly store: Store;
  readonly queue: JobQueue;
  readonly handlers: JobHandlers;
  readonly log: JobLog;
}

/** Thrown inside the transaction that ends a job, to undo it, where the fence or a cancel refuses the end. */
class NotHeld extends Error {}

/** Claims jobs and runs a bounded number of them at once: woken by changes, else looking every so often. */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #running = new Map<Lease, Promise<void>>();
  readonly #timers: readonly NodeJS.Timeout[];
  readonly #unwatch: () => void;
  #claiming: Promise<void> | undefined;
  #again = false;
  #closed = false;

  constructor(options: WorkerOptions) {
    this.#options = options;
    const { queue, log } = options;
    this.#timers = [
      setInterval(this.wake, queue.limits.poll * 1000),
      setInterval(() => void queue.shortenLeases().catch(log.failed), CLOCK_CHECK * 1000),
      setInterval(() => void queue.purge().catch(log.failed), PURGE_INTERVAL * 1000),
    ];
    this.#unwatch = queue.watchQueued(this.wake);
    void queue
      .adopt()
      .then(() => queue.purge())
      .catch(log.failed)
      .then(this.wake);
  }

  /** Looks for jobs soon. */
  readonly wake = (): void => {
    if (this.#closed) return;
    this.#again = true;
    this.#claiming ??= this.#claimAll().finally(() => {
      this.#claiming = undefined;
    });
  };

  /** Stops claiming, asks what runs to stop and gives it back. What does not stop in time is left to its lease. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#unwatch();
    await this.#claiming;
    for (const lease of this.#running.keys()) lease.stop('closing');
    const tooLate = new AbortController();
    const late = pause(this.#options.queue.limits.closing * 1000, undefined, { signal: tooLate.signal });
    await Promise.race([Promise.all(this.#running.values()), late]);
    tooLate.abort();
    await late.catch(() => {});
    await Promise.all([...this.#running.keys()].map((lease) => lease.end()));
  }

  /** Claims one job after another, while there may be one and few enough run. */
  async #claimAll(): Promise<void> {
    const { queue, handlers, log } = this.#options;
    const { concurrency, perCaller } = queue.limits;
    while (this.#again && !this.#closed) {
      this.#again = false;
      // A run that ends looks again.
      if (this.#running.size >= concurrency) break;
      const runs = new Map<string, number>();
      const busy: string[] = [];
      for (const { record } of this.#running.keys()) {
        const count = (runs.get(record.caller) ?? 0) + 1;
        runs.set(record.caller, count);
        if (count === perCaller) busy.push(record.caller);
      }
      try {
        const record = await queue.claim(busy);
        if (!record) continue;
        this.#again = true;
        const { resource, name } = record;
        const handler = handlers.get(resource === null ? name : `${resource}:${name}`);
        const lease = new Lease(queue, record, log.failed, handler?.timeout);
        this.#running.set(lease, this.#run(lease, handler));
      } catch (error) {
        log.failed(error);
      }
    }
  }

  /** Runs a claimed job to its end, its release or its loss. Never throws. */
  async #run(lease: Lease, handler: JobHandler | undefined): Promise<void> {
    const { queue, log } = this.#options;
    const { record } = lease;
    const held = (past_attempts: Attempt[]) => ({ id: record.id, fence: record.fence, past_attempts });
    const attempts = handler?.attempts ?? queue.limits.attempts;
    try {
      if (record.cancel === 1) return void (await queue.change('stop', held(attemptsBefore(record))));
      if (record.attempts > attempts) {
        const error = `It was interrupted ${attempts} times without coming to an end.`;
        return void (await queue.change('exhaust', { ...held(attemptsBefore(record)), error }));
      }
      if (!handler) {
        const { name, resource } = record;
        // The lease runs out: another process may have the code.
        return log.event({ event: 'job.unknown', job: name, ...(resource !== null && { resource }) });
      }
      const { signal, report: progress } = lease;
      const outcome = await lease.race(handler.run({ record, signal, progress }));
      await lease.end();
      // Also where the lease may be lost: the fence knows better than this process's clock.
      const committed = await whileAway(() => this.#succeed(lease, outcome));
      if (!committed) await queue.change('stop', held(lease.attempts({ outcome: 'cancelled' })));
    } catch (error) {
      await lease.end();
      if (lease.reason === undefined && !(error instanceof OperationError))
        log.failed(error, { job: record.name, id: record.id });
      await whileAway(() => this.#settle(lease, attempts, error)).catch(log.failed);
    } finally {
      await lease.end();
      this.#running.delete(lease);
      this.wake();
    }
  }

  /** Commits the effect and the job's end together. Answers false where the claim is no longer held, or a cancel came first. */
  async #succeed(lease: Lease, { result = null, commit }: JobOutcome): Promise<boolean> {
    const { store, queue } = this.#options;
    const { id, fence } = lease.record;
    try {
      await inTransaction(store, { caller: anonymous }, async (transaction) => {
        // What the effect locks comes before the job, as where an operation is accepted: the two could wait for each other.
        await commit?.(transaction);
        const values = { id, fence, result, past_attempts: lease.attempts({ outcome: 'succeeded' }) };
        if (!(await queue.change('succeed', values, transaction))) throw new NotHeld();
      });
      return true;
    } catch (error) {
      if (error instanceof NotHeld) return false;
      throw error;
    }
  }

  /** Ends an attempt that did not succeed: lost, cancelled, given back, tried again later, or failed. */
  async #settle(lease: Lease, attempts: number, thrown: unknown): Promise<void> {
    const { queue } = this.#options;
    const { record, reason, timeout } = lease;
    const held = (outcome: Parameters<Lease['attempts']>[0]) => ({
      id: record.id,
      fence: record.fence,
      past_attempts: lease.attempts(outcome),
    });
    if (reason === 'lost') return;
    const error =
      reason === 'timeout'
        ? new OperationError(`It took longer than ${timeout} s.`, { cause: thrown })
        : thrown;
    let settled: JobRecord | undefined;
    if (reason === 'closing') settled = await queue.change('release', held({ outcome: 'released' }));
    else if (reason !== 'cancelled') {
      const known = error instanceof OperationError;
      const message = known ? error.message : 'The operation failed. Details are in the server log.';
      const again = (!known || error.retry) && record.attempts < attempts;
      const pauseFor = Math.min(queue.limits.pause(record.attempts), MAX_PAUSE);
      const failed = { ...held({ outcome: 'failed', error: message }), error: message };
      settled = again
        ? await queue.change('retry', { ...failed, pause: pauseFor })
        : await queue.change('fail', failed);
    }
    // A cancel that was asked for refuses every other end.
    if (!settled) await queue.change('stop', held({ outcome: 'cancelled' }));
  }
}

/** Tries a write again while the database is away. */
async function whileAway<T>(write: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await write();
    } catch (error) {
      const away = error instanceof Problem && error.code === 'unavailable';
      if (!away || attempt === COMMIT_ATTEMPTS) throw error;
      await pause(250 * 2 ** attempt);
    }
  }
}
