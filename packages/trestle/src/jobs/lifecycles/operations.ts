import { type Sql, sql } from '../../database/sql.ts';
import type { Executor, Store } from '../../database/store.ts';
import { Problem } from '../../problems.ts';
import type { Cursors } from '../../rows/lists/list.ts';
import type { Restrict } from '../../rows/model.ts';
import { type SystemModel, type SystemReads, systemReads } from '../../rows/system-tables.ts';
import { inTransaction } from '../../rows/transaction.ts';
import { idFromText, requireId } from '../../rows/validate.ts';
import { accountOf, type Caller, type Context } from '../../schema/caller.ts';
import type { RowId } from '../../schema/id.ts';
import type { Page } from '../../schema/services/list-query.ts';
import type { OperationQuery, OperationView } from '../../schema/services/operation-service.ts';
import type { JobRecord } from '../job-table.ts';
import type { JobQueue } from '../queue.ts';
import {
  type CompiledLifecycle,
  illegalTransition,
  type Lifecycles,
  lifecycleOf,
  stateOf,
} from './lifecycles.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The members of a job that are visible as an operation. */
export type Visible = Pick<
  JobRecord,
  | 'id'
  | 'name'
  | 'resource'
  | 'row'
  | 'state'
  | 'progress'
  | 'message'
  | 'result'
  | 'error'
  | 'attempts'
  | 'created_at'
  | 'started_at'
  | 'finished_at'
>;

/** Accepts, reads, lists and cancels operations: jobs that belong to a row, under the rules of that row. */
export class Operations {
  readonly #store: Store;
  readonly #queue: JobQueue;
  readonly #lifecycles: Lifecycles;
  readonly #reads: SystemReads<Visible>;
  readonly #table: Sql;
  /** Rules by number, as many as classes of callers have. */
  readonly #numbers = new Map<Sql, number>();

  constructor(
    store: Store,
    queue: JobQueue,
    lifecycles: Lifecycles,
    table: { model: SystemModel; cursors: Cursors },
  ) {
    this.#store = store;
    this.#queue = queue;
    this.#lifecycles = lifecycles;
    this.#table = table.model.view.table;
    this.#reads = systemReads(table.model, store, table.cursors, this.#visible);
  }

  /**
   * Accepts an operation: rules, the row's state and the acceptance in one transaction, answered once it is on disk.
   * Of several that come at once for a row the first is accepted, and the others learn its id.
   */
  async start(by: Caller | Context, resource: string, id: RowId, operation: string): Promise<OperationView> {
    const context = 'caller' in by ? by : { caller: by };
    const { caller } = context;
    const lifecycle = lifecycleOf(this.#lifecycles, resource);
    const { model, operations, writer } = lifecycle;
    model.policy.admit(caller, 'see');
    const declared = operations.get(operation);
    if (!declared)
      throw new Problem('not_found', {
        detail: `${resource} has no operation ${operation}; it has ${[...operations.keys()].join(', ')}.`,
        data: { resource, operation },
      });
    const action = `:${operation}` as const;
    model.policy.admit(caller, action);
    requireId(model, id);
    const key = `${resource}/${id}`;
    const accepted = await inTransaction(this.#store, context, async (transaction) => {
      const row = await writer.lock(transaction, caller, id, { verb: 'update', action });
      const state = await stateOf(lifecycle, transaction, row);
      if (!declared.from.includes(state.name))
        throw (
          (await this.#conflict(transaction, key)) ?? illegalTransition(lifecycle, id, state.name, operation)
        );
      const job = { name: operation, resource, row: id, key, caller };
      const added = await this.#queue.enqueue(transaction, job);
      if (added) return added;
      throw (
        (await this.#conflict(transaction, key)) ??
        new Problem('unavailable', { headers: { 'Retry-After': '1' } })
      );
    });
    return this.view(accepted);
  }

  /** 409, naming the operation that is under way on a row; undefined where there is none. */
  async #conflict(transaction: Executor, key: string): Promise<Problem | undefined> {
    const other = await this.#queue.findByKey(transaction, key);
    if (!other) return undefined;
    const { id, operation: name, resource, row } = this.view(other);
    return new Problem('conflict', {
      detail: `Operation ${id} (${name}) is under way on row ${row} of ${resource}. Wait for its end, or cancel it.`,
      data: { resource, id: row, operation: id, name },
    });
  }

  /**
   * An operation whose row the caller may read. If its row was deleted, only the account that started it may, or whoever may read
   * every row. What is asked of the database is the same for a hidden one and for one that does not exist.
   */
  async find(caller: Caller, id: string): Promise<JobRecord> {
    // 401 or 403 rather than 404 for callers who can read no resource with operations.
    this.#requireReader(caller, 'read');
    const missing = () =>
      new Problem('not_found', {
        detail: `There is no operation ${id}.`,
        data: { resource: 'operations', id },
      });
    if (!UUID.test(id)) throw missing();
    const readsEveryRow = [...this.#lifecycles.values()].every(
      ({ model: { policy } }) => policy.admits(caller, 'read') && policy.where(caller, 'read') === undefined,
    );
    const asked = { filter: { id: { eq: id } }, limit: 1 };
    const isVisible = readsEveryRow || (await this.#reads.list(asReader(caller), asked)).items.length > 0;
    const account = accountOf(caller);
    if (!isVisible && account === null) throw missing();
    const record = await this.#queue.find(id, isVisible ? undefined : String(account));
    const lifecycle = this.#lifecycles.get(record?.resource ?? '');
    if (!record || !lifecycle) throw missing();
    if (isVisible) return record;
    const isReader = lifecycle.model.policy.admits(caller, 'read');
    if (!isReader || (await lifecycle.peek(this.#store, rowIdOf(lifecycle, record)))) throw missing();
    return record;
  }

  /** Cancels what is queued, and asks what runs to stop: its run hears of it at once here, elsewhere with its next look. */
  async cancel(caller: Caller, id: string): Promise<OperationView> {
    const record = await this.find(caller, id);
    const lifecycle = lifecycleOf(this.#lifecycles, record.resource ?? '');
    const { policy } = lifecycle.model;
    const action = `:${record.name}` as const;
    policy.admit(caller, action);
    const row =
      policy.where(caller, action) && (await lifecycle.peek(this.#store, rowIdOf(lifecycle, record)));
    if (row && !(await policy.allows(caller, action, row, this.#store))) throw new Problem('forbidden');
    for (;;) {
      const found = await this.find(caller, id);
      if (hasEnded(found) || found.cancel === 1) return this.view(found);
      // Where both find it in another state, it was claimed or given back in between.
      const changed =
        (await this.#queue.change('cancel', { id })) ?? (await this.#queue.change('askToStop', { id }));
      if (changed) return this.view(changed);
    }
  }

  /** Operations of the rows that the caller may read, newest first: read as rows of any resource are. */
  async list(caller: Caller, query: OperationQuery = {}): Promise<Page<OperationView>> {
    const { resource, row, state, limit, cursor } = query;
    if (resource === undefined) this.#requireReader(caller, 'see');
    else {
      if (!this.#lifecycles.has(resource)) {
        const message = `the resources with operations are ${[...this.#lifecycles.keys()].join(', ')}`;
        throw new Problem('invalid_query', {
          detail: `resource=${resource}: ${message}.`,
          errors: [{ pointer: 'resource', code: 'enum', message, in: 'query' }],
        });
      }
      lifecycleOf(this.#lifecycles, resource).model.policy.admit(caller, 'read');
    }
    const filter = {
      ...(resource !== undefined && { resource: { eq: resource } }),
      ...(row !== undefined && { row: { eq: String(row) } }),
      ...(state !== undefined && { state: { eq: state } }),
    };
    const asked = { filter, ...(limit !== undefined && { limit }), ...(cursor !== undefined && { cursor }) };
    const page = await this.#reads.list(asReader(caller), asked);
    return { ...page, items: page.items.map((one) => this.view(one)) };
  }

  view(job: Visible): OperationView {
    const { id, name, resource, row, state, progress, message, result, error, attempts } = job;
    const { created_at, started_at, finished_at } = job;
    const lifecycle = this.#lifecycles.get(resource ?? '');
    return {
      id,
      resource: resource ?? '',
      row: lifecycle ? rowIdOf(lifecycle, job) : (row ?? ''),
      operation: name,
      state,
      progress,
      message,
      result,
      error,
      attempts,
      created_at,
      started_at,
      finished_at,
    };
  }

  /** The condition that leaves the operations of rows which the caller may read. */
  readonly #visible: Restrict = (caller) => {
    const models = [...this.#lifecycles.values()].map(({ model }) => model);
    const readable = models.filter(({ policy }) => policy.admits(caller, 'read'));
    const own = (field: string) => sql`${this.#table}.${sql.ref(field)}`;
    const conditions = readable.map(({ name, table, policy, idKind }) => {
      const ofResource = sql`${own('resource')} = ${sql.lit(name)}`;
      const where = policy.where(caller, 'read');
      if (where === undefined) return { key: name, condition: ofResource };
      // Rows of other resources may have ids of another kind.
      const ofRow = this.#store.dialect.fromText(sql`case when ${ofResource} then ${own('row')} end`, idKind);
      const id = sql`${table}.${sql.ref('id')}`;
      // Both ways, so that one operation finds its row by the id, and the few rows of a caller find theirs.
      const row = sql`select 1 from ${table}
        where ${id} = ${ofRow} and cast(${id} as text) = ${own('row')} and ${where}`;
      // A rule of a class of callers by a number: a statement that is kept for one of them is not that of another.
      const number = this.#numbers.get(where) ?? this.#numbers.size + 1;
      this.#numbers.set(where, number);
      return { key: `${name} ${number}`, condition: sql`(${ofResource} and exists (${row}))` };
    });
    const any = conditions.map(({ condition }) => condition);
    return {
      key: ` visible:${conditions.map(({ key }) => key).join()}`,
      condition: any.length > 0 ? sql`(${sql.join(any, ' or ')})` : sql`1 = 0`,
    };
  };

  /** Throws `unauthenticated` or `forbidden` for callers who can read no resource with operations. */
  #requireReader(caller: Caller, action: 'read' | 'see'): void {
    const policies = [...this.#lifecycles.values()].map(({ model }) => model.policy);
    if (!policies.some((policy) => policy.admits(caller, action))) policies[0]?.admit(caller, action);
  }
}

/** The caller of a list. Operations have no scope of their own: those of their rows decide. */
function asReader(caller: Caller): Context {
  const scopes = caller.kind === 'key' && caller.scopes;
  return { caller: scopes ? { ...caller, scopes: [...scopes, 'operations:read'] } : caller };
}

export function hasEnded({ finished_at }: Pick<JobRecord, 'finished_at'>): boolean {
  return finished_at !== null;
}

/** The id of an operation's row, which is kept as text. */
export function rowIdOf({ model }: CompiledLifecycle, { row }: Pick<JobRecord, 'row'>): RowId {
  return idFromText(model.resource.id, String(row));
}
