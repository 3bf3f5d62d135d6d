import { setTimeout as pause } from 'node:timers/promises';

/** Asks again and again, where nothing tells of a change. Throws after `limit` milliseconds. */
export async function until(condition: () => Promise<boolean> | boolean, limit = 20_000): Promise<void> {
  for (const deadline = Date.now() + limit; !(await condition()); await pause(20))
    if (Date.now() > deadline) throw new Error(`not true within ${limit} ms: ${condition}`);
}
