import type { Store } from '../database/store.ts';
import { Problem } from '../problems.ts';
import { compileModels, type Model } from '../rows/model.ts';
import { inTransaction } from '../rows/transaction.ts';
import { checkedBody } from '../rows/validate.ts';
import { completeRow } from '../rows/write.ts';
import type { App } from '../schema/app.ts';
import { anonymous, type Caller, type Context } from '../schema/caller.ts';
import { resource } from '../schema/define-resource.ts';
import { seconds } from '../schema/duration.ts';
import type { JsonValue } from '../schema/field.ts';
import type { EnqueueOptions, JobContext, JobService } from '../schema/jobs.ts';
import { OperationError } from '../schema/lifecycle.ts';
import type { JobQueue } from './queue.ts';
import type { JobHandler } from './worker.ts';

const MAX_KEY_LENGTH = 200;
/** Times that a job is enqueued where the one with its key ended just then. */
const ENQUEUE_ATTEMPTS = 3;
/** Who code of the app acts as. */
export const OWN_CODE: Caller = Object.freeze({ kind: 'administrator' });

interface Dependencies {
  readonly app: Pick<App, 'resources' | 'accounts' | 'jobs'>;
  readonly store: Store;
  readonly queue: JobQueue;
  /** The services of the app's resources, by name. */
  readonly services: ReadonlyMap<string, unknown>;
  readonly data: string;
}

interface DeclaredJobs {
  readonly handlers: ReadonlyMap<string, JobHandler>;
  readonly services: ReadonlyMap<string, JobService<unknown>>;
}

/** Compiles the declared jobs of an app: their code for the worker, and what enqueues them. */
export function compileJobs({ app, store, queue, services, data }: Dependencies): DeclaredJobs {
  const handlers = new Map<string, JobHandler>();
  const enqueuers = new Map<string, JobService<unknown>>();
  const byResource = new Map(
    Object.entries(app.resources).map(([name, declared]) => [declared, services.get(name)]),
  );
  const enqueue = (name: string, context: Context, input: unknown, options?: EnqueueOptions) => {
    const service = enqueuers.get(name);
    if (service) return service.enqueue(context, input, options);
    throw new TypeError(`there is no job '${name}'; there are ${[...enqueuers.keys()].join(', ')}`);
  };
  const models = inputModels(app, store);
  for (const [name, { retries, timeout, run }] of Object.entries(app.jobs)) {
    const model = models.get(`job ${name}`);
    if (!model) continue;
    enqueuers.set(name, { enqueue: enqueuer(name, model, store, queue) });
    handlers.set(name, {
      attempts: retries === undefined ? undefined : retries + 1,
      timeout: timeout === undefined ? undefined : seconds(timeout, `${name}.timeout`),
      async run({ record, signal, progress }) {
        // The declaration may have changed since it was enqueued.
        const errors = model.checkBody(record.input);
        if (errors.length > 0)
          throw new OperationError('Its input does not fit its declaration any more.', { retry: false });
        const context: JobContext = {
          caller: OWN_CODE,
          job: record.id,
          attempt: record.attempts,
          signal,
          data,
          progress,
          service(resource) {
            const service = byResource.get(resource);
            // The service was compiled from this very declaration; no type can follow that.
            if (service) return service as ReturnType<typeof this.service<typeof resource>>;
            throw new TypeError('this is no resource of the app: give the one that app({ resources }) has');
          },
          enqueue: (other, given, options) => enqueue(other, context, given, options),
        };
        // The input has been checked against the declaration that this code was declared in.
        return { result: (await run(context, record.input as never)) ?? undefined };
      },
    });
  }
  return { handlers, services: enqueuers };
}

/** The inputs of jobs as models, which have their schemas, checks and defaults. */
function inputModels(
  { resources, accounts, jobs }: Dependencies['app'],
  { dialect }: Store,
): Map<string, Model> {
  const inputs = Object.entries(jobs).map(([name, { input }]) => [
    `job ${name}`,
    resource({ fields: input }),
  ]);
  return compileModels({ ...resources, ...Object.fromEntries(inputs) }, accounts, dialect);
}

function enqueuer(name: string, model: Model, store: Store, queue: JobQueue): JobService<unknown>['enqueue'] {
  return async (context, given, { at, key } = {}) => {
    const checked = checkedBody(model, given, model.checkBody);
    // Values of fields are JSON.
    const input = completeRow(model, anonymous, checked) as Record<string, JsonValue>;
    if (key !== undefined && (key === '' || key.length > MAX_KEY_LENGTH))
      throw new TypeError(`the key of a job has 1 to ${MAX_KEY_LENGTH} characters, got ${key.length}`);
    const due = at === undefined ? undefined : new Date(at).getTime();
    if (Number.isNaN(due)) throw new TypeError(`at: expected an instant, got ${String(at)}`);
    // Of the app's own code each job has its turn, not all of them one.
    const { caller: who } = context;
    const caller = who.kind === 'administrator' || who.kind === 'system' ? undefined : who;
    const job = { name, input, at: due, key: key && `${name} ${key}`, caller };
    return inTransaction(store, context, async (transaction) => {
      for (let attempt = 1; attempt <= ENQUEUE_ATTEMPTS; attempt += 1) {
        const added = await queue.enqueue(transaction, job);
        if (added) {
          transaction.afterCommit.push(() => queue.tell(added));
          return added.id;
        }
        const other = job.key && (await queue.findByKey(transaction, job.key));
        if (other) return other.id;
      }
      throw new Problem('unavailable', { headers: { 'Retry-After': '1' } });
    });
  };
}
