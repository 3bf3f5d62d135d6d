import { instantOf } from '../clock.ts';
import { sql } from '../database/sql.ts';
import type { Store } from '../database/store.ts';
import { Problem } from '../problems.ts';
import type { Cursors } from '../rows/lists/list.ts';
import type { Model } from '../rows/model.ts';
import { type SystemModel, type SystemReads, SystemTable, systemReads } from '../rows/system-tables.ts';
import { inTransaction } from '../rows/transaction.ts';
import type { Context } from '../schema/caller.ts';
import type { JobService } from '../schema/jobs.ts';
import type { ListQuery, Page } from '../schema/services/list-query.ts';
import type { JOB_RESOURCES, JobRecord } from './job-table.ts';
import { type Attempt, attemptsOf } from './lease.ts';
import { type Lifecycles, lifecycleOf } from './lifecycles/lifecycles.ts';
import { hasEnded, type Operations, rowIdOf, type Visible } from './lifecycles/operations.ts';
import type { JobQueue } from './queue.ts';

/** When a declared job fires next, and when it last did. */
interface ScheduleView {
  readonly name: string;
  /** As it is declared: a cron expression, or a time between beginnings. */
  readonly schedule: string;
  readonly next: string;
  readonly fired: string | null;
}

interface Dependencies {
  readonly store: Store;
  readonly queue: JobQueue;
  readonly lifecycles: Lifecycles;
  readonly operations: Operations;
  readonly services: ReadonlyMap<string, JobService<unknown>>;
  readonly tables: { readonly operations: SystemModel; readonly schedules: SystemModel };
  readonly cursors: Cursors;
}

/** All jobs of an app, declared ones and operations, for its operators. Who may ask is decided by the routes. */
export class JobAdministration {
  /** Jobs as operators see them: lists are read by it, and documented. */
  readonly model: Model;
  readonly #dependencies: Dependencies;
  readonly #reads: SystemReads<Visible>;
  readonly #schedules: SystemTable<(typeof JOB_RESOURCES)['schedules']>;

  constructor(dependencies: Dependencies) {
    const { tables, store, cursors } = dependencies;
    this.#dependencies = dependencies;
    this.model = { ...tables.operations.view, name: 'jobs' };
    this.#reads = systemReads(tables.operations, store, cursors);
    this.#schedules = new SystemTable(tables.schedules);
  }

  list(context: Context, query?: ListQuery, cursor?: string): Promise<Page<Visible>> {
    return this.#reads.list(context, query, cursor);
  }

  read(context: Context, id: string): Promise<Visible> {
    return this.#reads.read(context, id);
  }

  /** Attempts of a job, the last at the end. */
  async attempts(context: Context, id: string): Promise<Attempt[]> {
    await this.#reads.read(context, id);
    const record = await this.#dependencies.queue.find(id);
    return record ? attemptsOf(record) : [];
  }

  /** Jobs that may have changed, by id, null where it is not known which: told by `push`. Returns what ends that. */
  watch(push: (id: string | null) => void): () => void {
    return this.#dependencies.queue.watchAll(push);
  }

  /** Looks for changes by processes that tell nobody of them. Answers their ids, of what changed since the look before. */
  watchOthers(): () => Promise<string[]> {
    const { queue } = this.#dependencies;
    let before: ReadonlyMap<string, number> | undefined;
    return async () => {
      const now = await queue.changes();
      const last = before;
      before = now;
      if (!now || !last) return [];
      const changed = [...now].filter(([id, changes]) => last.get(id) !== changes).map(([id]) => id);
      return [...changed, ...[...last.keys()].filter((id) => !now.has(id))];
    };
  }

  /** Jobs as they are now, without those that are gone. */
  async find(ids: readonly string[]): Promise<Visible[]> {
    const found = await Promise.all(ids.map((id) => this.#dependencies.queue.find(id)));
    return found.flatMap((record) => (record ? [visibleOf(record)] : []));
  }

  async schedules(): Promise<ScheduleView[]> {
    const found = await this.#schedules.select(sql`order by name`)(this.#dependencies.store);
    return found.map(({ name, schedule, next, fired }) => ({
      name,
      schedule,
      next: instantOf(next * 1000),
      fired: fired === null ? null : instantOf(fired * 1000),
    }));
  }

  /** Cancels a job that waits, and asks one that runs to stop. Throws `conflict` for one that has ended. */
  async cancel(context: Context, id: string): Promise<Visible> {
    const { store, queue } = this.#dependencies;
    await this.#reads.read(context, id);
    return inTransaction(store, context, async (transaction) => {
      const changed =
        (await queue.change('cancel', { id }, transaction)) ??
        (await queue.change('askToStop', { id }, transaction));
      if (!changed) throw new Problem('conflict', { detail: 'This job has ended, or was asked to stop.' });
      return visibleOf(changed);
    });
  }

  /**
   * Runs a job that has failed or was cancelled once more, as a new one with the same input: of an operation under the rules of its
   * row. Throws `conflict` for one that has not ended, or has succeeded.
   */
  async retry(context: Context, id: string): Promise<Visible> {
    const { store, queue, operations, lifecycles } = this.#dependencies;
    await this.#reads.read(context, id);
    const record = await queue.find(id);
    if (!record || !hasEnded(record) || record.state === 'succeeded')
      throw new Problem('conflict', { detail: 'Only a job that has failed or was cancelled is run again.' });
    const { name, resource, input } = record;
    if (resource !== null) {
      const row = rowIdOf(lifecycleOf(lifecycles, resource), record);
      const started = await operations.start(context, resource, row, name);
      return this.#reads.read(context, started.id);
    }
    return inTransaction(store, context, async (transaction) => {
      const added = await queue.enqueue(transaction, { name, input, caller: undefined });
      if (!added) throw new Problem('unavailable', { headers: { 'Retry-After': '1' } });
      return visibleOf(added);
    });
  }

  /** Of the declared jobs. */
  get names(): string[] {
    return [...this.#dependencies.services.keys()];
  }

  /** Runs a declared job now. Throws `not_found`, and `invalid` for an input that does not fit. */
  async run(context: Context, name: string, input: unknown): Promise<{ readonly id: string }> {
    const service = this.#dependencies.services.get(name);
    if (!service)
      throw new Problem('not_found', {
        detail: `There is no job ${name}.`,
        data: { resource: 'jobs', id: name },
      });
    return { id: await service.enqueue(context, input) };
  }
}

function visibleOf(job: JobRecord): Visible {
  const { id, name, resource, row, state, progress, message, result, error, attempts } = job;
  const { created_at, started_at, finished_at } = job;
  const ran = { progress, message, result, error, attempts };
  return { id, name, resource, row, state, ...ran, created_at, started_at, finished_at };
}
