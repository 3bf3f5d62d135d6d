import type { Executor } from '../database/store.ts';
import type { LifecycleOperation, Outcome } from '../schema/lifecycle.ts';
import { OperationError } from '../schema/lifecycle.ts';
import { effectRows } from './lifecycles/effect-rows.ts';
import { type CompiledLifecycle, startsFrom, stateOf } from './lifecycles/lifecycles.ts';
import { type Mover, moveRow } from './lifecycles/move-row.ts';
import type { OperationRecord } from './operation-record.ts';
import { actorOf, changeOperations, changeWithin, now, type Parts } from './parts.ts';

/** One claim of an operation: what its run holds until it ends or loses it. */
export interface Claim {
  readonly record: OperationRecord;
  readonly lifecycle: CompiledLifecycle;
  readonly declared: LifecycleOperation<never>;
}

/** Thrown inside the effect's transaction, to undo it, where the claim is no longer held or a cancel has come first. */
class NotHeld extends Error {}

/**
 * Commits the effect, the row's move and the operation's end together. The fence is checked in that same transaction, so
 * that whoever lost its lease changes nothing. Answers whether it was committed. Throws `OperationError` where the row
 * has left the state the operation started from.
 */
export async function succeed(parts: Parts, claim: Claim, outcome: Outcome): Promise<boolean> {
  const { record } = claim;
  const { store, statements } = parts;
  const result = store.dialect.encode('json', outcome.result ?? null);
  try {
    await store.write(async (transaction) => {
      await applyEffect(parts, claim, transaction, outcome);
      const values = { id: record.id, fence: record.fence, result, now: now() };
      const [ended] = await changeWithin(parts, transaction, statements.succeed, values);
      if (!ended) throw new NotHeld();
    });
  } catch (error) {
    if (error instanceof NotHeld) return false;
    throw error;
  }
  parts.changes.tell(record.id);
  return true;
}

/** The row is locked before the operation, as accepting one does: the other way round the two could wait for each other. */
async function applyEffect(
  parts: Parts,
  { record, lifecycle, declared }: Claim,
  transaction: Executor,
  outcome: Outcome,
): Promise<void> {
  const current = await lifecycle.lock(transaction, record.row);
  if (!current) throw new OperationError('The row was deleted meanwhile.', { retry: false });
  const from = await stateOf(lifecycle, transaction, current);
  if (!startsFrom(declared, from.name))
    throw new OperationError(`The row has become ${from.name} meanwhile.`, { retry: false });
  const to = await lifecycle.stateNamed(transaction, declared.to);
  if (!to) throw new OperationError(`There is no state ${declared.to} any more.`, { retry: false });
  const mover: Mover = { caller: actorOf(record.account), account: record.account, operation: record.id };
  await moveRow(lifecycle, transaction, mover, { current, from, to });
  await outcome.effect?.(effectRows(parts, transaction, mover));
}

/** Ends an attempt that did not succeed: cancelled where that was asked for, tried again later, or failed. */
export async function settle(parts: Parts, { record }: Claim, error: unknown): Promise<void> {
  const { statements, limits } = parts;
  const held = { id: record.id, fence: record.fence };
  const message =
    error instanceof OperationError ? error.message : 'The work failed; the server has written down why.';
  const final = error instanceof OperationError && !error.retry;
  if (!(error instanceof OperationError)) parts.log.failed(error);
  const again = !final && record.attempts < limits.attempts;
  const [settled] = again
    ? await changeOperations(parts, statements.retry, {
        ...held,
        error: message,
        pause: limits.pause(record.attempts),
      })
    : await changeOperations(parts, statements.fail, { ...held, error: message, now: now() });
  if (!settled) await endCancelled(parts, { record });
}

/** Ends it as cancelled, if a cancel was asked for and the claim is still held. */
export async function endCancelled(parts: Parts, { record }: Pick<Claim, 'record'>): Promise<void> {
  const held = { id: record.id, fence: record.fence };
  await changeOperations(parts, parts.statements.cancelHeld, { ...held, now: now() });
}

/** Gives the operation back, for another process or the next start. */
export async function release(parts: Parts, { record }: Claim): Promise<void> {
  const held = { id: record.id, fence: record.fence };
  const [released] = await changeOperations(parts, parts.statements.release, held);
  if (!released) await endCancelled(parts, { record });
}
