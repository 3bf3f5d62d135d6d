import type { Sql } from '../../database/sql.ts';
import type { Executor, Store } from '../../database/store.ts';
import { Problem } from '../../problems.ts';
import { rowsWith } from '../../rows/read.ts';
import type { OpenTransaction } from '../../rows/transaction.ts';
import { idFromText } from '../../rows/validate.ts';
import type { RowWriter } from '../../rows/write.ts';
import { anonymous, type Caller } from '../../schema/caller.ts';
import type { Id, RowId } from '../../schema/id.ts';
import { type EffectRows, type FindRows, OperationError, type RunContext } from '../../schema/lifecycle.ts';
import type { JobHandler } from '../worker.ts';
import {
  type CompiledLifecycle,
  type CompiledOperation,
  type Lifecycles,
  lifecycleOf,
  type State,
  stateOf,
} from './lifecycles.ts';
import { rowIdOf } from './operations.ts';

/**
 * The job of an operation: runs its code, then commits the effect and the row's move together with the job's end. Fails for
 * good where the row was deleted, or has left the state the operation started from.
 */
export function operationHandler(
  rows: AppRows,
  lifecycle: CompiledLifecycle,
  declared: CompiledOperation,
  data: string,
): JobHandler {
  return {
    async run({ record, signal, progress }) {
      const id = rowIdOf(lifecycle, record);
      const found = await lifecycle.peek(rows.store, id);
      if (!found) throw rowIsGone();
      const context: RunContext<unknown> = {
        row: found,
        operation: record.id,
        fence: record.fence,
        attempt: record.attempts,
        signal,
        data,
        progress,
        find: (...asked) => findRows(rows, rows.store, asked),
      };
      // The row has the type of the declaration this code was declared in.
      const outcome = (await declared.run(context as RunContext<never>)) ?? {};
      return {
        result: outcome.result,
        async commit(transaction) {
          const account = record.account === null ? null : idFromText(rows.accountId, record.account);
          // `editor()` fields are set to the account that the job works for.
          const caller: Caller = account === null ? anonymous : { kind: 'account', account, session: '' };
          const mover = { caller, account, operation: record.id };
          await moveRow(lifecycle, transaction, mover, {
            id,
            trusted: true,
            async to(from) {
              if (!declared.from.includes(from.name))
                throw new OperationError(`The row has become ${from.name} meanwhile.`, { retry: false });
              const to = await lifecycle.stateNamed(transaction, declared.to);
              if (to) return to;
              throw new OperationError(`There is no state ${declared.to} any more.`, { retry: false });
            },
          }).catch((error: unknown) => {
            throw error instanceof Problem && error.code === 'not_found' ? rowIsGone() : error;
          });
          await outcome.effect?.(effectRows(rows, transaction, mover));
        },
      };
    },
  };
}

function rowIsGone(): OperationError {
  return new OperationError('The row was deleted meanwhile.', { retry: false });
}

/** Who moves rows, and in which operation. */
interface Mover {
  readonly caller: Caller;
  readonly account: RowId | null;
  readonly operation: string | null;
}

/** A transition of one row. */
interface RowMove {
  readonly id: RowId;
  /** The state to put it into, by the one that it is in. */
  readonly to: (from: State, executor: Executor) => Promise<State>;
  /** Fields to change with it (default: none). */
  readonly body?: Readonly<Record<string, unknown>> | undefined;
  /** Code of the app itself: no rule is asked (default: false). */
  readonly trusted?: boolean;
}

/** Puts a row into a state, with other values where given, and records the transition. */
export async function moveRow(
  lifecycle: CompiledLifecycle,
  transaction: OpenTransaction,
  mover: Mover,
  { id, to: choose, body = {}, trusted = false }: RowMove,
): Promise<void> {
  const { model, writer, field, recordMove } = lifecycle;
  const moved: { from?: State; to?: State } = {};
  await writer.write(
    { caller: mover.caller, transaction },
    {
      verb: 'update',
      merge: true,
      id,
      body,
      trusted,
      async set(current, executor) {
        moved.from = await stateOf(lifecycle, executor, current);
        moved.to = await choose(moved.from, executor);
        return { [field]: moved.to.id };
      },
    },
  );
  const { from, to } = moved;
  if (!from || !to || from.id === to.id) return;
  await recordMove(transaction, {
    resource: model.name,
    row: String(id),
    by: mover.account === null ? null : String(mover.account),
    from: from.name,
    to: to.name,
    operation: mover.operation,
  });
}

/** The rows of an app, for its own code. */
export interface AppRows {
  readonly store: Store;
  readonly writers: ReadonlyMap<string, RowWriter>;
  readonly lifecycles: Lifecycles;
  /** How ids of accounts, which jobs and moves keep as text, come back. */
  readonly accountId: Id;
}

/** The rows of an app for an operation's effect, inside the transaction that ends it. */
function effectRows(rows: AppRows, transaction: OpenTransaction, mover: Mover): EffectRows {
  const context = { caller: mover.caller, transaction };
  return {
    find: (...asked) => findRows(rows, transaction, asked, rows.store.dialect.forUpdate),
    create: (resource, body) =>
      writerOf(rows, resource).write(context, { verb: 'create', body, trusted: true }),
    async set(resource, id, body) {
      const write = { verb: 'update', merge: true, id, body, trusted: true } as const;
      await writerOf(rows, resource).write(context, write);
    },
    async move(resource, id, name) {
      const to = async () => ({ id: (await requireState(rows, transaction, resource, name)).id, name });
      await moveRow(lifecycleOf(rows.lifecycles, resource), transaction, mover, { id, to, trusted: true });
    },
  };
}

/** Finds rows, locking them or not. */
async function findRows(
  rows: AppRows,
  executor: Executor,
  [resource, equal, state]: Parameters<FindRows>,
  lock?: Sql,
): ReturnType<FindRows> {
  const named = state === undefined ? undefined : await requireState(rows, executor, resource, state);
  const values = named ? { ...equal, [named.field]: named.id } : equal;
  return rowsWith(writerOf(rows, resource).model, executor, values, lock);
}

async function requireState(rows: AppRows, transaction: Executor, resource: string, name: string) {
  const lifecycle = lifecycleOf(rows.lifecycles, resource);
  const state = await lifecycle.stateNamed(transaction, name);
  if (!state) throw new TypeError(`${resource} has no state '${name}'`);
  return { field: lifecycle.field, id: state.id };
}

function writerOf(rows: AppRows, resource: string): RowWriter {
  const writer = rows.writers.get(resource);
  if (!writer) throw new TypeError(`there is no resource '${resource}'`);
  return writer;
}
