import { bind } from '../database/statement.ts';
import type { OperationRecord } from './operation-record.ts';
import { changeWithin, now, type Parts } from './parts.ts';

/**
 * Takes the operation that has waited longest, or one whose holder has not been heard of for a lease. One statement: of
 * many processes one gets it. The fence and the attempts count up with it, so that a crash counts as an attempt.
 */
export async function claimOperation(parts: Parts): Promise<OperationRecord | undefined> {
  const { store, statements, limits, changes } = parts;
  const found = await store.all(statements.claimable, bind(statements.claimable, {}));
  if (found.length === 0) return undefined;
  const error = `The work was interrupted ${limits.attempts} times without coming to an end.`;
  const { ended, claimed } = await store.write(async (transaction) => {
    const at = { now: now() };
    const cancelled = await changeWithin(parts, transaction, statements.cancelAbandoned, at);
    const exhausted = await changeWithin(parts, transaction, statements.exhaust, {
      ...at,
      error,
      most: limits.attempts,
    });
    const taken = await changeWithin(parts, transaction, statements.claim, { ...at, lease: limits.lease });
    return { ended: [...cancelled, ...exhausted], claimed: taken[0] };
  });
  for (const { id } of ended) changes.tell(id);
  if (claimed) changes.tell(claimed.id);
  return claimed;
}
