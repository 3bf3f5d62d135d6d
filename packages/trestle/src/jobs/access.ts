import { Problem } from '../problems.ts';
import { authorize, decide, ownerField, refuse, requireScope } from '../rows/policy.ts';
import { accountOf, type Caller } from '../schema/caller.ts';
import type { Rule } from '../schema/rules.ts';
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
  const rule = lifecycle.model.resource.can.read;
  refuse(decide(rule, caller));
  requireScope(caller, record.resource, 'read');
  if (ownerField(rule, caller) === undefined) return record;
  const row = await lifecycle.peek(parts.store, record.row);
  const allowed = row ? decide(rule, caller, row) === 'allow' : record.account === accountOf(caller);
  if (!allowed) throw noOperation(id);
  return record;
}

/** Throws where the caller may not start or cancel this operation: its own rule, else the `update` rule of its resource. */
export async function authorizeOperation(
  parts: Parts,
  caller: Caller,
  lifecycle: CompiledLifecycle,
  record: OperationRecord,
): Promise<void> {
  const rule = ruleOf(lifecycle, record.operation);
  authorize(rule, caller);
  requireScope(caller, record.resource, 'update');
  if (ownerField(rule, caller) === undefined) return;
  const row = await lifecycle.peek(parts.store, record.row);
  if (row) authorize(rule, caller, row);
}

export function ruleOf({ operations, model }: CompiledLifecycle, operation: string): Rule | undefined {
  return operations.get(operation)?.can ?? model.resource.can.update;
}

/** Whoever may read the rows of no resource with operations learns first that credentials are missing. */
function refuseStranger(parts: Parts, caller: Caller): void {
  const decisions = [...parts.lifecycles.values()].map(({ model }) =>
    decide(model.resource.can.read, caller),
  );
  if (!decisions.includes('allow')) refuse(decisions[0] ?? 'allow');
}

function noOperation(id: string): Problem {
  return new Problem('not_found', {
    detail: `There is no operation ${id}.`,
    data: { resource: 'operations', id },
  });
}
