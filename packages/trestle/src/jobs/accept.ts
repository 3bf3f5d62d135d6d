import { bind } from '../database/statement.ts';
import type { Executor, Value } from '../database/store.ts';
import { Problem } from '../problems.ts';
import { requireId } from '../rows/find.ts';
import { uuid7 } from '../rows/uuid7.ts';
import { accountOf, type Caller } from '../schema/caller.ts';
import type { RowId } from '../schema/id.ts';
import type { OperationView } from '../schema/services/operation-service.ts';
import { lifecycleOf } from './access.ts';
import { type CompiledLifecycle, illegalTransition, startsFrom, stateOf } from './lifecycles/lifecycles.ts';
import { viewOf } from './operation-record.ts';
import { changeWithin, now, type Parts } from './parts.ts';

/**
 * Accepts an operation: rules, the row's state and the acceptance in one transaction, answered once it is on disk.
 * Of several that come at once for a row the first is accepted, and the others learn its id.
 */
export async function acceptOperation(
  parts: Parts,
  caller: Caller,
  target: { resource: string; id: RowId; operation: string },
): Promise<OperationView> {
  const { resource, id, operation } = target;
  const lifecycle = lifecycleOf(parts, resource);
  const { policy } = lifecycle.model;
  policy.admit(caller, 'see');
  if (!lifecycle.operations.has(operation)) throw noSuchOperation(lifecycle, operation);
  policy.admit(caller, `:${operation}`);
  requireId(lifecycle.model, id);
  const account = accountOf(caller);
  const values = {
    id: uuid7(),
    resource,
    row: String(id),
    operation,
    active: activeName(resource, id),
    account: account === null ? null : String(account),
    now: now(),
  };
  const accepted = await parts.store.write(async (transaction) => {
    await requireStart(parts, transaction, { caller, lifecycle, id, operation });
    const [inserted] = await changeWithin(parts, transaction, parts.statements.insert, values);
    if (!inserted) throw await underWay(parts, transaction, values.active);
    return inserted;
  });
  parts.changes.tell(accepted.id);
  return viewOf(accepted);
}

interface Start {
  readonly caller: Caller;
  readonly lifecycle: CompiledLifecycle;
  readonly id: RowId;
  readonly operation: string;
}

/** Throws where the row is not the caller's to move, or in no state from which the operation may start. */
async function requireStart(
  parts: Parts,
  transaction: Executor,
  { caller, lifecycle, id, operation }: Start,
): Promise<void> {
  const resource = lifecycle.model.name;
  const found = await lifecycle.find(transaction, caller, id);
  const allowed = await lifecycle.model.policy.allows(caller, `:${operation}`, found, transaction);
  if (!allowed) throw new Problem('forbidden');
  const state = await stateOf(lifecycle, transaction, found);
  const declared = lifecycle.operations.get(operation);
  if (declared && startsFrom(declared, state.name)) return;
  const other = await activeOperation(parts, transaction, activeName(resource, id));
  if (other) throw conflict(other.id, other.operation, resource, id);
  throw illegalTransition(lifecycle, id, state.name, operation);
}

async function underWay(parts: Parts, transaction: Executor, active: string): Promise<Problem> {
  const other = await activeOperation(parts, transaction, active);
  if (!other) return new Problem('unavailable', { headers: { 'Retry-After': '1' } });
  return conflict(other.id, other.operation, other.resource, other.row);
}

async function activeOperation(parts: Parts, transaction: Executor, active: Value) {
  const query = parts.statements.active;
  const [found] = await transaction.all(query, bind(query, { active }));
  return found && parts.record(found);
}

function conflict(operation: string, name: string, resource: string, id: RowId): Problem {
  return new Problem('conflict', {
    detail: `Operation ${operation} (${name}) is under way on row ${id} of ${resource}. Wait for its end, or cancel it.`,
    data: { resource, id, operation, name },
  });
}

function noSuchOperation({ model, operations }: CompiledLifecycle, operation: string): Problem {
  return new Problem('not_found', {
    detail: `${model.name} has no operation ${operation}; it has ${[...operations.keys()].join(', ')}.`,
    data: { resource: model.name, operation },
  });
}

/** What may be there only once among the operations that have not ended. */
function activeName(resource: string, id: RowId): string {
  return `${resource}/${id}`;
}
