import { setImmediate as nextTurn } from 'node:timers/promises';

/** Rows that one turn of the event loop decodes, takes over from a thread or makes JSON of: a few milliseconds. */
export const TURN_SIZE = 500;

/**
 * Does something to each item of a long list, and lets other requests have their turn in between.
 *
 * @param isTogether whether it takes one turn for all: a transaction on SQLite waits for nothing but its statements (default: false).
 */
export async function inTurns<T>(
  items: readonly T[],
  work: (part: readonly T[]) => void,
  isTogether = false,
): Promise<void> {
  if (isTogether) return work(items);
  for (let from = 0; from < items.length; from += TURN_SIZE) {
    if (from > 0) await nextTurn();
    work(items.slice(from, from + TURN_SIZE));
  }
}
