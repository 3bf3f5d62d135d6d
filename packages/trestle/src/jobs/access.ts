import { Problem } from '../problems.ts';
import { accountOf, type Caller } from '../schema/caller.ts';
import type { CompiledLifecycle } from './lifecycles/lifecycles.ts';
import type { OperationRecord } from './operation-record.ts';
import { findOperation, type Parts } from './parts.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The lifecycle of a resource. Throws `not_found` where it has none. */
export function lifecycleOf(parts: Parts, resource: string): CompiledLifecycle {
  const lifecycle = parts.lifecycles.get(resource);
  if (lifecycle) return lifecycle;
  throw new Problem('not_found', { detail: `There are no operations on ${resource}.`, data: { resource } });
}

/** An operation whose row the caller may read; the operations of a row that is gone, where the rule needs no row or they are its own. */
export async function readableOperation(parts: Parts, caller: Caller, id: string): Promise<OperationRecord> {
  const record = UUID.test(id) ? await findOperation(parts, id) : undefined;
  const lifecycle = record && parts.lifecycles.get(record.resource);
  if (!record || !lifecycle) {
    refuseStranger(parts, caller);
    throw noOperation(id);
  }
  const { policy } = lifecycle.model;
  policy.admit(caller, 'read');
  if (policy.where(caller, 'read') === undefined) return record;
  const row = await lifecycle.peek(parts.store, record.row);
  const allowed = row
    ? await policy.allows(caller, 'read', row, parts.store)
    : record.account === accountOf(caller);
  if (!allowed) throw noOperation(id);
  return record;
}

/** Throws where the caller may not start or cancel this operation: its own rule, else the `update` rule of its resource. */
export async function authorizeOperation(
  parts: Parts,
  caller: Caller,
  { model: { policy }, peek }: CompiledLifecycle,
  record: OperationRecord,
): Promise<void> {
  const action = `:${record.operation}` as const;
  policy.admit(caller, action);
  if (policy.where(caller, action) === undefined) return;
  const row = await peek(parts.store, record.row);
  if (row && !(await policy.allows(caller, action, row, parts.store))) throw new Problem('forbidden');
}

/** Whoever may read the rows of no resource with operations learns first that credentials are missing. */
function refuseStranger(parts: Parts, caller: Caller): void {
  const models = [...parts.lifecycles.values()].map(({ model }) => model);
  if (!models.some(({ policy }) => policy.admits(caller, 'see'))) models[0]?.policy.admit(caller, 'see');
}

function noOperation(id: string): Problem {
  return new Problem('not_found', {
    detail: `There is no operation ${id}.`,
    data: { resource: 'operations', id },
  });
}
