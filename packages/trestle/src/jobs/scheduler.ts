import { sql } from '../database/sql.ts';
import { param } from '../database/statement.ts';
import type { Store } from '../database/store.ts';
import { type SystemModel, SystemTable } from '../rows/system-tables.ts';
import { inTransaction } from '../rows/transaction.ts';
import { nextOfCron, parseCron } from '../schema/checks/cron.ts';
import { seconds } from '../schema/duration.ts';
import type { JobService, Jobs } from '../schema/jobs.ts';
import { OWN_CODE } from './declared-jobs.ts';
import type { JOB_RESOURCES } from './job-table.ts';
import type { JobQueue } from './queue.ts';
import type { JobLog } from './worker.ts';

/** Maximum seconds between two looks at the schedules, and between a failed one and the next. */
const MAX_PAUSE = 30;
const RETRY_PAUSE = 1;
/** Seconds by which the clock is behind the last firing where it was set back. */
const MIN_STEP_BACK = 60;
/** The key of jobs that a schedule enqueues: one of each at a time. */
const KEY = 'schedule';

/** The instants of one schedule, in seconds. */
interface Schedule {
  /** The declaration as text. */
  readonly declared: string;
  /** The first firing after `now`; `previous` is one before, where there was any. */
  next(now: number, previous?: number): number;
}

/**
 * Fires scheduled jobs: each firing once among all processes, because it is the one statement that moves `next` on that
 * enqueues the job. Firings that were missed while no process ran come as one, at once. One that comes while the job of the
 * last is still waiting or running is skipped.
 */
export class Scheduler {
  readonly #store: Store;
  readonly #queue: JobQueue;
  readonly #services: ReadonlyMap<string, JobService<unknown>>;
  readonly #log: JobLog;
  readonly #schedules: ReadonlyMap<string, Schedule>;
  readonly #statements: ReturnType<typeof compileStatements>;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void>;
  #closed = false;

  constructor(options: {
    readonly store: Store;
    readonly queue: JobQueue;
    readonly model: SystemModel;
    readonly jobs: Jobs;
    readonly services: ReadonlyMap<string, JobService<unknown>>;
    readonly log: JobLog;
  }) {
    this.#store = options.store;
    this.#queue = options.queue;
    this.#services = options.services;
    this.#log = options.log;
    // The schedules of the jobs that have one, by name.
    const schedules = new Map<string, Schedule>();
    for (const [name, { every, cron, timeZone }] of Object.entries(options.jobs)) {
      if (every !== undefined) {
        const interval = seconds(every, `${name}.every`);
        schedules.set(name, {
          declared: `every ${interval} s`,
          next: (now, previous = now) =>
            previous + Math.max(1, Math.floor((now - previous) / interval) + 1) * interval,
        });
      }
      if (cron !== undefined) {
        const parsed = parseCron(cron);
        schedules.set(name, {
          declared: `${cron} ${timeZone}`,
          next: (now) => nextOfCron(parsed, timeZone, now * 1000) / 1000,
        });
      }
    }
    this.#schedules = schedules;
    const statements = compileStatements(new SystemTable(options.model));
    this.#statements = statements;
    // Writes down what is declared: new and changed schedules count from now, those that are gone are removed.
    const declareAll = async () => {
      const known = await statements.all(this.#store);
      const now = await this.#queue.now();
      for (const { name } of known)
        if (!schedules.has(name))
          await this.#store.write((transaction) => statements.remove(transaction, { name }));
      for (const [name, { declared, next }] of schedules) {
        if (known.some((one) => one.name === name && one.schedule === declared)) continue;
        const values = { name, schedule: declared, next: next(now) };
        await this.#store.write((transaction) => statements.declare(transaction, values));
      }
    };
    this.#looking = declareAll()
      .catch(this.#log.failed)
      .then(() => this.#look());
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  /** Fires what is due, and looks again when the next is. */
  async #look(): Promise<void> {
    let pause = RETRY_PAUSE;
    try {
      const now = await this.#queue.now();
      let earliest = now + MAX_PAUSE;
      for (const row of await this.#statements.all(this.#store)) {
        const schedule = this.#schedules.get(row.name);
        // Another process may run another version of the declaration.
        if (schedule?.declared !== row.schedule) continue;
        const isDue = row.next <= now;
        const isSetBack = row.fired !== null && row.fired > now + MIN_STEP_BACK;
        const next = isDue ? schedule.next(now, row.next) : isSetBack ? schedule.next(now) : row.next;
        earliest = Math.min(earliest, next);
        if (isDue || isSetBack) {
          // Moves a schedule on, unless another process has, and enqueues its job in the same transaction.
          const { name, next: before } = row;
          await inTransaction(this.#store, { caller: OWN_CODE }, async (transaction) => {
            const [moved] = await this.#statements.move(transaction, { name, before, next, fired: now });
            if (moved && isDue)
              await this.#services.get(name)?.enqueue({ caller: OWN_CODE, transaction }, {}, { key: KEY });
          });
        }
      }
      pause = earliest - (await this.#queue.now());
    } catch (error) {
      this.#log.failed(error);
    }
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#look();
    }, Math.max(pause, 0) * 1000);
  }
}

function compileStatements(table: SystemTable<(typeof JOB_RESOURCES)['schedules']>) {
  const { name, model } = table;
  const schedule = sql.ref('schedule');
  const next = sql.ref('next');
  return {
    all: table.select(sql`order by id`),
    declare: table.rows(sql`insert into ${name} (name, ${schedule}, ${next})
      values (${param('name')}, ${param('schedule')}, ${param('next')})
      on conflict (name) do update set ${schedule} = excluded.${schedule}, ${next} = excluded.${next}, fired = null
      where ${name}.${schedule} <> excluded.${schedule} returning ${model.columns}`),
    move: table.change(
      sql`${next} = ${param('next')}, fired = ${param('fired')}`,
      sql`name = ${param('name')} and ${next} = ${param('before')}`,
    ),
    remove: table.delete(sql`name = ${param('name')}`),
  };
}
