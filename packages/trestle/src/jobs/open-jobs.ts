import type { Store } from '../database/store.ts';
import { openMail } from '../mail/open-mail.ts';
import type { Transport } from '../mail/transport.ts';
import { Cursors } from '../rows/lists/list.ts';
import type { Model } from '../rows/model.ts';
import type { OwnCode } from '../rows/own-code/own-code.ts';
import { compileSystemModels, systemReads, without } from '../rows/system-tables.ts';
import type { AnyService, RowWriter } from '../rows/write.ts';
import type { App } from '../schema/app.ts';
import type { JobService } from '../schema/jobs.ts';
import type { Fields } from '../schema/resource.ts';
import type { AccountService } from '../schema/services/account-service.ts';
import type { MailService } from '../schema/services/mail-service.ts';
import type { OperationService } from '../schema/services/operation-service.ts';
import { compileJobs, enqueuer } from './declared-jobs.ts';
import { JobAdministration } from './job-administration.ts';
import { DEFAULT_LIMITS, type JobLimits } from './job-limits.ts';
import { JOB_RESOURCES, type MoveRecord } from './job-table.ts';
import { compileLifecycles } from './lifecycles/lifecycles.ts';
import { moveByHand, movesOf } from './lifecycles/moves.ts';
import { EventStreams, type RequireActive } from './lifecycles/operation-events.ts';
import type { AppRows } from './lifecycles/operation-handler.ts';
import { operationHandler } from './lifecycles/operation-handler.ts';
import { Operations } from './lifecycles/operations.ts';
import { JobQueue } from './queue.ts';
import { Scheduler } from './scheduler.ts';
import { type JobHandler, type JobLog, Worker } from './worker.ts';

interface JobsOptions {
  app: Pick<App, 'resources' | 'accounts' | 'jobs'>;
  store: Store;
  writers: ReadonlyMap<string, RowWriter>;
  /** The services of the app's resources, by name, and of its accounts (default: none), for code of the app. */
  byName: ReadonlyMap<string, AnyService>;
  accounts?: AccountService<Fields>;
  /** The app's code around writes, which is opened here (default: none). */
  ownCode?: OwnCode;
  /** Authenticates cursors of lists. */
  cursorKey: Buffer;
  /** The app's own folder for files: what `run` is given as `data`. */
  data: string;
  /** This process runs jobs (default: true). */
  work?: boolean;
  /** This process fires schedules (default: true). */
  schedule?: boolean;
  limits?: Partial<JobLimits>;
  /** How mails leave (default: the app sends none). */
  transport?: Transport | undefined;
  /** The code of further jobs of the engine, by their name (default: there are none). */
  handlers?: ReadonlyMap<string, JobHandler>;
  /** Throws where a caller's credentials have been revoked (default: they never are). */
  requireActive?: RequireActive;
  /** Default: nothing is logged. */
  log?: JobLog;
}

export interface Jobs {
  readonly queue: JobQueue;
  readonly operations: OperationService;
  /** The moves of one row as callers see them: lists are read by it, and documented. */
  readonly moveModel: Model;
  /** All jobs, for operators. */
  readonly administration: JobAdministration;
  readonly mail: MailService;
  /** Enqueues one of the engine's own jobs. */
  readonly enqueue: ReturnType<typeof enqueuer>;
  /** Enqueues the declared jobs, by name. */
  readonly services: ReadonlyMap<string, JobService<unknown>>;
  /** Stops claiming and gives back what runs. Call it before the store is closed. */
  close(): Promise<void>;
}

const SILENT: JobLog = { event: () => {}, failed: () => {} };

/** Opens the job queue of an app over its store, and begins to run what is queued. */
export function openJobs(options: JobsOptions): Jobs {
  const { app, store, writers, cursorKey, data, work = true, schedule = true, log = SILENT } = options;
  const system = compileSystemModels(JOB_RESOURCES, app.accounts, store);
  const queue = new JobQueue(store, system.operations, { ...DEFAULT_LIMITS, ...options.limits }, log.failed);
  const lifecycles = compileLifecycles(writers, system.moves);
  const rows: AppRows = { store, writers, lifecycles, accountId: app.accounts.id };
  const { byName, accounts, ownCode, transport } = options;
  const enqueue = enqueuer(store, queue);
  const { service: mail, handlers: mailHandlers } = openMail(transport, enqueue);
  const declared = compileJobs({ app, store, queue, byName, accounts, ownCode, data, mail });
  const further = [...mailHandlers, ...(options.handlers ?? [])];
  const handlers = new Map<string, JobHandler>([...declared.handlers, ...further]);
  for (const [resource, lifecycle] of lifecycles)
    for (const [name, declared] of lifecycle.operations)
      handlers.set(`${resource}:${name}`, operationHandler(rows, lifecycle, declared, data));
  const cursors = new Cursors(cursorKey);
  const operations = new Operations(store, queue, lifecycles, { model: system.operations, cursors });
  const moveReads = systemReads<MoveRecord>(system.moves, store, cursors);
  const streams = new EventStreams(operations, queue, options.requireActive ?? (async () => {}));
  const worker = work && handlers.size > 0 ? new Worker({ store, queue, handlers, log }) : undefined;
  const isScheduled = Object.values(app.jobs).some(({ every, cron }) => every ?? cron);
  const scheduler =
    schedule && isScheduled
      ? new Scheduler({
          store,
          queue,
          model: system.schedules,
          jobs: app.jobs,
          services: declared.services,
          log,
        })
      : undefined;
  const { services } = declared;
  const all = { store, queue, lifecycles, operations, services, tables: system, cursors };
  return {
    queue,
    services,
    mail,
    enqueue,
    administration: new JobAdministration(all),
    operations: {
      start: operations.start.bind(operations),
      read: async (caller, id) => operations.view(await operations.find(caller, id)),
      list: (caller, query) => operations.list(caller, query),
      cancel: (caller, id) => operations.cancel(caller, id),
      events: (caller, id, stream) => streams.open(caller, id, stream),
      move: (caller, resource, id, to) => moveByHand(rows, caller, { resource, id }, to),
      moves: (caller, resource, id, query = {}) => movesOf(rows, moveReads, caller, { resource, id, query }),
    },
    moveModel: without(system.moves.view, 'resource', 'row'),
    async close() {
      await scheduler?.close();
      await worker?.close();
      queue.close();
      transport?.close();
    },
  };
}
