import type { Sql } from '../../database/sql.ts';
import type { Executor, Store } from '../../database/store.ts';
import { rowsWith } from '../../rows/read.ts';
import type { OpenTransaction } from '../../rows/transaction.ts';
import type { RowWriter } from '../../rows/write.ts';
import { anonymous, type Caller } from '../../schema/caller.ts';
import type { Id, RowId } from '../../schema/id.ts';
import type { EffectRows, FindRows } from '../../schema/lifecycle.ts';
import { type Lifecycles, lifecycleOf } from './lifecycles.ts';
import { type Mover, moveRow } from './move-row.ts';

/** The rows of an app, for its own code. */
export interface AppRows {
  readonly store: Store;
  readonly writers: ReadonlyMap<string, RowWriter>;
  readonly lifecycles: Lifecycles;
  /** How ids of accounts, which jobs and moves keep as text, come back. */
  readonly accountIds: Id['kind'];
}

/** The account that a job works for, as a caller: what `editor()` fields are set to. */
export function actorOf(account: RowId | null): Caller {
  return account === null ? anonymous : { kind: 'account', account, session: '' };
}

/** An account's id that was kept as text. */
export function accountIdOf({ accountIds }: AppRows, text: string | null): RowId | null {
  return text !== null && accountIds === 'integer' ? Number(text) : text;
}

/** The rows of an app for an operation's effect, inside the transaction that ends it. */
export function effectRows(rows: AppRows, transaction: OpenTransaction, mover: Mover): EffectRows {
  const context = { caller: mover.caller, transaction };
  return {
    find: rowFinder(rows, transaction, rows.store.dialect.forUpdate),
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
export function rowFinder(rows: AppRows, executor: Executor, lock?: Sql): FindRows {
  return async (resource, equal, state) => {
    const named = state === undefined ? undefined : await requireState(rows, executor, resource, state);
    const values = named ? { ...equal, [named.field]: named.id } : equal;
    return rowsWith(writerOf(rows, resource).model, executor, values, lock);
  };
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
