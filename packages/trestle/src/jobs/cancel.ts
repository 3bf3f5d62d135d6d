import type { Caller } from '../schema/caller.ts';
import type { OperationView } from '../schema/services/operation-service.ts';
import { authorizeOperation, lifecycleOf, readableOperation } from './access.ts';
import { hasEnded, viewOf } from './operation-record.ts';
import { changeOperations, now, type Parts } from './parts.ts';

/** Cancels what is queued, and asks what runs to stop; its run hears of it at once here, elsewhere with its next heartbeat at the latest. */
export async function cancelOperation(parts: Parts, caller: Caller, id: string): Promise<OperationView> {
  const record = await readableOperation(parts, caller, id);
  await authorizeOperation(parts, caller, lifecycleOf(parts, record.resource), record);
  if (hasEnded(record)) return viewOf(record);
  const { cancelQueued, askToStop } = parts.statements;
  const [cancelled] = await changeOperations(parts, cancelQueued, { id, now: now() });
  const [asked] = cancelled ? [] : await changeOperations(parts, askToStop, { id });
  const changed = cancelled ?? asked;
  if (changed) return viewOf(changed);
  // Between the statements it was claimed, ended, or asked before: what it is now is the answer.
  const again = await readableOperation(parts, caller, id);
  return again.state === 'queued' ? cancelOperation(parts, caller, id) : viewOf(again);
}
