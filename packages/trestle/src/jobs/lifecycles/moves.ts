import { bind } from '../../database/statement.ts';
import type { Executor } from '../../database/store.ts';
import { Problem } from '../../problems.ts';
import { checkedBody } from '../../rows/body.ts';
import { completeBody } from '../../rows/encode.ts';
import { requireId } from '../../rows/find.ts';
import type { Model, Row } from '../../rows/model.ts';
import { accountOf, type Caller } from '../../schema/caller.ts';
import type { Id, RowId } from '../../schema/id.ts';
import type { HandMove, Move } from '../../schema/services/operation-service.ts';
import { lifecycleOf } from '../access.ts';
import { idOf, textOf } from '../operation-record.ts';
import type { Parts } from '../parts.ts';
import { type CompiledLifecycle, illegalTransition, type State, stateOf } from './lifecycles.ts';
import { moveRow } from './move-row.ts';

/** Puts a row into a state by hand, under the resource's `update` rule. */
export async function moveByHand(
  parts: Parts,
  caller: Caller,
  target: { resource: string; id: RowId },
  to: HandMove,
): Promise<void> {
  const { resource, id } = target;
  const lifecycle = lifecycleOf(parts, resource);
  const { model } = lifecycle;
  model.policy.admit(caller, 'see');
  model.policy.admit(caller, 'update');
  requireId(model, id);
  await parts.store.write(async (transaction) => {
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
  parts: Parts,
  accounts: Id['kind'],
  caller: Caller,
  target: { resource: string; id: RowId },
): Promise<Move[]> {
  const { model, read } = lifecycleOf(parts, target.resource);
  model.policy.admit(caller, 'read');
  requireId(model, target.id);
  await read(parts.store, caller, target.id);
  const { moves } = parts.statements;
  const rows = await parts.store.all(moves, bind(moves, { resource: model.name, row: String(target.id) }));
  return rows.map((row) => ({
    at: String(row.at),
    by: row.account === null ? null : idOf(accounts, row.account),
    from: String(row.from_state),
    to: String(row.to_state),
    operation: textOf(row.operation),
  }));
}
