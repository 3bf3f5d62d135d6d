import type { Store } from '../database/store.ts';
import { Problem } from '../problems.ts';
import { compileModels } from '../rows/model.ts';
import { type AppReach, type OwnCode, writeOf } from '../rows/own-code/own-code.ts';
import { inTransaction } from '../rows/transaction.ts';
import { checkedBody, completeRow } from '../rows/validate.ts';
import { withAccounts } from '../schema/accounts.ts';
import type { App } from '../schema/app.ts';
import { accountOf, anonymous, type Caller, type Context, system } from '../schema/caller.ts';
import { resource } from '../schema/define-resource.ts';
import { seconds } from '../schema/duration.ts';
import type { JsonValue } from '../schema/field.ts';
import type { RowId } from '../schema/id.ts';
import type { EnqueueOptions, FindService, JobContext, JobService } from '../schema/jobs.ts';
import { OperationError } from '../schema/lifecycle.ts';
import { type AfterContext, WRITE_VERBS, type WriteVerb } from '../schema/own-code/hooks.ts';
import type { Fields } from '../schema/resource.ts';
import type { AccountService } from '../schema/services/account-service.ts';
import type { MailService } from '../schema/services/mail-service.ts';
import type { JobQueue } from './queue.ts';
import type { JobHandler, RunningJob } from './worker.ts';

const MAX_KEY_LENGTH = 200;
/** Times that a job is enqueued where the one with its key ended just then. */
const ENQUEUE_ATTEMPTS = 3;
/** Who code of the app acts as. */
export const OWN_CODE: Caller = Object.freeze(system().caller);

interface Dependencies {
  readonly app: Pick<App, 'resources' | 'accounts' | 'jobs'>;
  readonly store: Store;
  readonly queue: JobQueue;
  /** The services of the app's resources, by name. */
  readonly byName: ReadonlyMap<string, unknown>;
  readonly accounts?: AccountService<Fields> | undefined;
  readonly ownCode?: OwnCode | undefined;
  readonly data: string;
  readonly mail: MailService;
}

/** The input of a job that runs `after` code. */
type AfterInput = ReturnType<typeof writeOf> & { readonly account: RowId | null };

/** The name of the job that runs `after` code. No declared job has a name with a dot. */
const afterJob = (resource: string, verb: WriteVerb) => `${resource}.after.${verb}`;

interface DeclaredJobs {
  readonly handlers: ReadonlyMap<string, JobHandler>;
  readonly services: ReadonlyMap<string, JobService<unknown>>;
}

/** Compiles the declared jobs of an app and its code around writes: what the worker runs, and what enqueues that. */
export function compileJobs({
  app,
  store,
  queue,
  byName,
  accounts,
  ownCode,
  data,
  mail,
}: Dependencies): DeclaredJobs {
  const handlers = new Map<string, JobHandler>();
  const enqueuers = new Map<string, JobService<unknown>>();
  const services = new Map<object, unknown>([
    [app.accounts, accounts],
    ...Object.entries(app.resources).map(([name, declared]) => [declared, byName.get(name)] as const),
  ]);
  const service = (declared: object) => {
    const found = services.get(declared);
    if (found) return found;
    throw new TypeError('this is no resource of the app, nor its accounts: give what app() has');
  };
  // Each was compiled from the very declaration that it is found by; no type can follow that.
  const find = service as FindService;
  const enqueue: AppReach['enqueue'] = (context, name, input, options) => {
    const found = enqueuers.get(name);
    if (found) return found.enqueue(context, input, options);
    throw new TypeError(`there is no job '${name}'; there are ${[...enqueuers.keys()].join(', ')}`);
  };
  const contextOf = ({ record, signal, progress }: RunningJob, caller: Caller): JobContext => {
    const context = { caller, job: record.id, attempt: record.attempts, signal, data, progress };
    return { ...context, service: find, mail, enqueue: (...job) => enqueue(context, ...job) };
  };
  // Their inputs are models, which have schemas, checks and defaults.
  const inputs = Object.entries(app.jobs).map(([name, { input }]) => [
    `job ${name}`,
    resource({ fields: input }),
  ]);
  const models = compileModels(
    { ...withAccounts(app.resources, app.accounts), ...Object.fromEntries(inputs) },
    app.accounts,
    store.dialect,
  );
  const enqueueJob = enqueuer(store, queue);
  for (const [name, { retries, timeout, run }] of Object.entries(app.jobs)) {
    const model = models.get(`job ${name}`);
    if (!model) continue;
    enqueuers.set(name, {
      async enqueue(context, given, options) {
        const checked = checkedBody(model, given, model.checkBody);
        return enqueueJob(context, name, completeRow(model, anonymous, checked), options);
      },
    });
    handlers.set(name, {
      attempts: retries === undefined ? undefined : retries + 1,
      timeout: timeout === undefined ? undefined : seconds(timeout, `${name}.timeout`),
      async run(running) {
        const { input } = running.record;
        // The declaration may have changed since it was enqueued.
        if (model.checkBody(input).length > 0)
          throw new OperationError('Its input does not fit its declaration any more.', { retry: false });
        // The input has been checked against the declaration that this code was declared in.
        return { result: (await run(contextOf(running, OWN_CODE), input as never)) ?? undefined };
      },
    });
  }
  for (const [name, { after }] of Object.entries(app.resources))
    for (const verb of WRITE_VERBS) {
      // The row has the type of the declaration that this code was declared in.
      const run = after[verb] as ((context: AfterContext, write: unknown) => Promise<unknown>) | undefined;
      if (!run) continue;
      handlers.set(afterJob(name, verb), {
        async run(running) {
          // As it was enqueued below.
          const { account, ...write } = running.record.input as unknown as AfterInput;
          const writer: Caller = account === null ? anonymous : { kind: 'account', account, session: '' };
          const { caller } = system({ onBehalfOf: writer });
          await run({ ...contextOf(running, caller), writer }, write);
          return {};
        },
      });
    }
  ownCode?.open({
    service: find,
    mail,
    enqueue,
    async enqueueAfter(transaction, verb, change) {
      const { model, caller } = change;
      const input: AfterInput = { ...writeOf(change), account: accountOf(caller) };
      // Values of rows are JSON.
      const job = { name: afterJob(model.name, verb), input: input as JsonValue, caller: turnOf(caller) };
      await queue.enqueue(transaction, job);
    },
  });
  return { handlers, services: enqueuers };
}

/** Whose turn a job takes: of the app's own code each job has its own, not all of them one. */
function turnOf(caller: Caller): Caller | undefined {
  return caller.kind === 'administrator' || caller.kind === 'system' ? undefined : caller;
}

/** Enqueues jobs whose input has been checked, by their names. */
export function enqueuer(
  store: Store,
  queue: JobQueue,
): (context: Context, name: string, input: object, options?: EnqueueOptions) => Promise<string> {
  return async (context, name, given, { at, key } = {}) => {
    // Values of fields are JSON.
    const input = given as Record<string, JsonValue>;
    if (key !== undefined && (key === '' || key.length > MAX_KEY_LENGTH))
      throw new TypeError(`the key of a job has 1 to ${MAX_KEY_LENGTH} characters, got ${key.length}`);
    const due = at === undefined ? undefined : new Date(at).getTime();
    if (Number.isNaN(due)) throw new TypeError(`at: expected an instant, got ${String(at)}`);
    const job = { name, input, at: due, key: key && `${name} ${key}`, caller: turnOf(context.caller) };
    return inTransaction(store, context, async (transaction) => {
      for (let attempt = 1; attempt <= ENQUEUE_ATTEMPTS; attempt += 1) {
        const added = await queue.enqueue(transaction, job);
        if (added) return added.id;
        const other = job.key && (await queue.findByKey(transaction, job.key));
        if (other) return other.id;
      }
      throw new Problem('unavailable', { headers: { 'Retry-After': '1' } });
    });
  };
}
