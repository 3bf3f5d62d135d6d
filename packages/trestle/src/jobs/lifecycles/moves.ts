import type { Executor } from '../../database/store.ts';
import { Problem } from '../../problems.ts';
import { checkedBody } from '../../rows/body.ts';
import { completeBody } from '../../rows/encode.ts';
import { requireId } from '../../rows/find.ts';
import type { Model, Row } from '../../rows/model.ts';
import { accountOf, type Caller } from '../../schema/caller.ts';
import type { RowId } from '../../schema/id.ts';
import type { HandMove, Move } from '../../schema/services/operation-service.ts';
import { type AppRows, accountIdOf } from './effect-rows.ts';
import { type CompiledLifecycle, illegalTransition, lifecycleOf, type State, stateOf } from './lifecycles.ts';
import { moveRow } from './move-row.ts';

/** Puts a row into a state by hand, under the resource's `update` rule. */
export async function moveByHand(
  rows: AppRows,
  caller: Caller,
  target: { resource: string; id: RowId },
  to: HandMove,
): Promise<void> {
  const { resource, id } = target;
  const lifecycle = lifecycleOf(rows.lifecycles, resource);
  const { model } = lifecycle;
  model.policy.admit(caller, 'see');
  model.policy.admit(caller, 'update');
  requireId(model, id);
  await rows.store.write(async (transaction) => {
    const current = await lifecycle.find(transaction, caller, id);
    if (!(await model.policy.allows(caller, 'update', current, transaction))) throw new Problem('forbidden');
    const from = await stateOf(lifecycle, transaction, current);
    const state = await wantedState(lifecycle, transaction, to.state);
    if (to.from && !to.from.includes(from.name))
      throw illegalTransition(lifecycle, id, from.name, state.name);
    const mover = { caller, account: accountOf(caller), operation: null };
    const values = to.body && patched(model, current, to.body);
    await moveRow(lifecycle, transaction, mover, {
      current,
      from,
      to: state,
      ...(values && { values }),
    });
  });
}

async function wantedState(
  lifecycle: CompiledLifecycle,
  transaction: Executor,
  state: RowId,
): Promise<State> {
  const found =
    (await lifecycle.stateWithId(transaction, state)) ??
    (typeof state === 'string' ? await lifecycle.stateNamed(transaction, state) : undefined);
  if (found) return found;
  const message = `there is no state ${state}`;
  const error = { pointer: `/${lifecycle.field}`, code: 'reference', message, params: { id: state } };
  throw new Problem('invalid', { detail: message, errors: [error] });
}

/** The fields of a body, complete, over those the row has. */
function patched(
  model: Model,
  current: Row,
  body: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const given = checkedBody(model, model.checkPatch, body);
  const complete = completeBody(model, { ...current, ...given });
  return Object.fromEntries(Object.keys(given).map((name) => [name, complete[name]]));
}

/** Every move of a row that the caller may read, newest first, at most 1,000. */
export async function movesOf(
  rows: AppRows,
  caller: Caller,
  { resource, id }: { resource: string; id: RowId },
): Promise<Move[]> {
  const lifecycle = lifecycleOf(rows.lifecycles, resource);
  const { model } = lifecycle;
  model.policy.admit(caller, 'read');
  requireId(model, id);
  await lifecycle.read(rows.store, caller, id);
  const moves = await lifecycle.movesOf(rows.store, id);
  return moves.map(({ at, account, from_state, to_state, operation }) => ({
    at,
    by: accountIdOf(rows, account),
    from: from_state,
    to: to_state,
    operation,
  }));
}
