import type { Store } from '../database/store.ts';
import type { Model } from '../rows/model.ts';
import type { App } from '../schema/app.ts';
import type { Id } from '../schema/id.ts';
import type { OperationService } from '../schema/services/operation-service.ts';
import { acceptOperation } from './accept.ts';
import { readableOperation } from './access.ts';
import { cancelOperation } from './cancel.ts';
import { Changes } from './changes.ts';
import { EventStreams } from './events.ts';
import { compileLifecycles } from './lifecycles/lifecycles.ts';
import { moveByHand, movesOf } from './lifecycles/moves.ts';
import { listOperations } from './list-operations.ts';
import { recordReader, viewOf } from './operation-record.ts';
import { DEFAULT_LIMITS, type OperationLimits, type OperationLog, type Parts } from './parts.ts';
import { compileStatements } from './statements.ts';
import { Worker } from './worker.ts';

export interface OperationsOptions {
  app: Pick<App, 'resources' | 'accounts'>;
  store: Store;
  models: ReadonlyMap<string, Model>;
  /** The app's own folder for files: what `run` is given as `data`. */
  data: string;
  /** Whether this process runs operations itself, or only accepts and reads them (default: true). */
  work?: boolean;
  limits?: Partial<OperationLimits>;
  /** Told of what happens behind operations (default: nobody is). */
  log?: OperationLog;
}

export interface Operations {
  readonly operations: OperationService;
  /** Stops claiming and gives back what runs. Call it before the store is closed. */
  close(): Promise<void>;
}

/** Opens the operations of an app over its store, and starts to run what is queued. */
export function openOperations(options: OperationsOptions): Operations {
  const { app, store, models, data, work = true, log = SILENT } = options;
  const statements = compileStatements(store.dialect);
  const lifecycles = compileLifecycles(models, statements);
  const ids = new Map([...models].map(([name, { resource }]) => [name, resource.id.kind]));
  const parts: Parts = {
    store,
    statements,
    models,
    lifecycles,
    changes: new Changes(store, log.failed),
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    data,
    log,
    record: recordReader(store.dialect, { rows: ids, accounts: app.accounts.id.kind }),
  };
  const runs = work && [...lifecycles.values()].some(({ operations }) => operations.size > 0);
  const worker = runs ? new Worker(parts) : undefined;
  return {
    operations: operationService(parts, app.accounts.id.kind),
    async close() {
      await worker?.close();
      parts.changes.close();
    },
  };
}

const SILENT: OperationLog = { event: () => {}, failed: () => {} };

function operationService(parts: Parts, accounts: Id['kind']): OperationService {
  const streams = new EventStreams(parts);
  return {
    start: (caller, resource, id, operation) => acceptOperation(parts, caller, { resource, id, operation }),
    read: async (caller, id) => viewOf(await readableOperation(parts, caller, id)),
    list: (caller, query = {}) => listOperations(parts, caller, query),
    cancel: (caller, id) => cancelOperation(parts, caller, id),
    events: (caller, id, options) => streams.open(caller, id, options),
    move: (caller, resource, id, to) => moveByHand(parts, caller, { resource, id }, to),
    moves: (caller, resource, id) => movesOf(parts, accounts, caller, { resource, id }),
  };
}
