import { Problem } from '../../problems.ts';
import { narrowed, type SystemReads } from '../../rows/system-tables.ts';
import { inTransaction } from '../../rows/transaction.ts';
import { idFromText, requireId } from '../../rows/validate.ts';
import { accountOf, type Caller, type Context } from '../../schema/caller.ts';
import type { RowId } from '../../schema/id.ts';
import type { ListQuery, Page } from '../../schema/services/list-query.ts';
import type { HandMove, Move } from '../../schema/services/operation-service.ts';
import type { MoveRecord } from '../job-table.ts';
import { illegalTransition, lifecycleOf } from './lifecycles.ts';
import { type AppRows, moveRow } from './operation-handler.ts';

/** Puts a row into a state by hand, under the resource's `update` rule. */
export async function moveByHand(
  rows: AppRows,
  caller: Caller,
  target: { resource: string; id: RowId },
  to: HandMove,
): Promise<void> {
  const { resource, id } = target;
  const lifecycle = lifecycleOf(rows.lifecycles, resource);
  lifecycle.model.policy.admit(caller, 'see');
  const mover = { caller, account: accountOf(caller), operation: null };
  await inTransaction(rows.store, { caller }, (transaction) =>
    moveRow(lifecycle, transaction, mover, {
      id,
      body: to.body,
      async to(from, executor) {
        const wanted = to.state;
        const state =
          (lifecycle.isStateId(wanted) ? await lifecycle.stateWithId(executor, wanted) : undefined) ??
          (typeof wanted === 'string' ? await lifecycle.stateNamed(executor, wanted) : undefined);
        if (!state) {
          const message = `there is no state ${wanted}`;
          const pointer = `/${lifecycle.field}`;
          const error = { pointer, code: 'reference', message, params: { id: wanted } };
          throw new Problem('invalid', { detail: message, errors: [error] });
        }
        if (to.from && !to.from.includes(from.name))
          throw illegalTransition(lifecycle, id, from.name, state.name);
        return state;
      },
    }),
  );
}

/** Who may read the moves of a row was asked of the row. */
const MOVES: Context = { caller: { kind: 'administrator' } };

/** The moves of a row that the caller may read, newest first. */
export async function movesOf(
  rows: AppRows,
  reads: SystemReads<MoveRecord>,
  caller: Caller,
  { resource, id, query }: { resource: string; id: RowId; query: ListQuery },
): Promise<Page<Move>> {
  const lifecycle = lifecycleOf(rows.lifecycles, resource);
  const { model } = lifecycle;
  model.policy.admit(caller, 'read');
  requireId(model, id);
  await lifecycle.read(rows.store, caller, id);
  const page = await reads.list(MOVES, narrowed(query, { resource, row: String(id) }));
  const items = page.items.map(({ at, by, from, to, operation }) => ({
    at,
    by: by === null ? null : idFromText(rows.accountId, by),
    from,
    to,
    operation,
  }));
  return { ...page, items };
}
