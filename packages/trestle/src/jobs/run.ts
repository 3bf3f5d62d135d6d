import { sql } from '../database/sql.ts';
import { Problem } from '../problems.ts';
import type { RunContext } from '../schema/lifecycle.ts';
import { OperationError } from '../schema/lifecycle.ts';
import { type Claim, endCancelled, release, settle, succeed } from './finish.ts';
import type { Hold } from './hold.ts';
import { rowFinder } from './lifecycles/effect-rows.ts';
import type { OperationRecord } from './operation-record.ts';
import type { Parts } from './parts.ts';

/** Times that a commit is tried again where the database was away, with a pause that doubles from half a second. */
const COMMIT_TRIES = 4;

/** Runs one claimed operation to its end, its release or its loss. Never throws. */
export async function runOperation(parts: Parts, record: OperationRecord, hold: Hold): Promise<void> {
  try {
    const lifecycle = parts.lifecycles.get(record.resource);
    const declared = lifecycle?.operations.get(record.operation);
    if (record.cancel) return await endCancelled(parts, { record });
    if (lifecycle && declared) return await attempt(parts, { record, lifecycle, declared }, hold);
    parts.log.event({ event: 'operation.unknown', operation: record.operation, resource: record.resource });
  } catch (error) {
    // The database went away while the end was to be written: the lease runs out, and another attempt follows.
    parts.log.failed(error);
  } finally {
    await hold.end();
  }
}

async function attempt(parts: Parts, claim: Claim, hold: Hold): Promise<void> {
  try {
    const outcome = await work(parts, claim, hold);
    await hold.end();
    // Also where the lease may be lost: the fence knows better than this process's clock.
    const committed = await commit(() => succeed(parts, claim, outcome));
    if (!committed) await endCancelled(parts, claim);
  } catch (error) {
    await hold.end();
    if (hold.reason === 'lost') return;
    if (hold.reason === 'cancelled') await endCancelled(parts, claim);
    else if (hold.reason === 'closing') await release(parts, claim);
    else await commit(() => settle(parts, claim, error));
  }
}

async function work(parts: Parts, { record, lifecycle, declared }: Claim, hold: Hold) {
  const found = await lifecycle.peek(parts.store, record.row);
  if (!found) throw new OperationError('The row was deleted meanwhile.', { retry: false });
  const context: RunContext<unknown> = {
    row: found,
    operation: record.id,
    fence: record.fence,
    attempt: record.attempts,
    signal: hold.signal,
    data: parts.data,
    progress: (fraction, message) => hold.report(fraction, message),
    find: rowFinder(parts, parts.store, sql``),
  };
  // The row has the type of the declaration this code was declared in.
  return (await declared.run(context as RunContext<never>)) ?? {};
}

async function commit<T>(write: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await write();
    } catch (error) {
      const away = error instanceof Problem && error.code === 'unavailable';
      if (!away || tried === COMMIT_TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250 * 2 ** tried));
    }
  }
}
