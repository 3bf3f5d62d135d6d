import type { Executor } from '../../database/store.ts';
import type { OpenTransaction } from '../../rows/transaction.ts';
import type { Caller } from '../../schema/caller.ts';
import type { RowId } from '../../schema/id.ts';
import { type CompiledLifecycle, type State, stateOf } from './lifecycles.ts';

/** Who moves rows, and in which operation. */
export interface Mover {
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
    from: from.name,
    to: to.name,
    operation: mover.operation,
    account: mover.account === null ? null : String(mover.account),
  });
}
