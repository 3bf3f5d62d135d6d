import { setTimeout as pause } from 'node:timers/promises';

interface UntilOptions {
  /** Milliseconds until it fails (default: 20,000). */
  timeoutMs?: number;
  /** Milliseconds between two attempts (default: 10). */
  everyMs?: number;
  /** Describes the state that is still there when it fails. */
  describe?: () => string;
}

type Pending<T> = T | false | undefined;

/**
 * Waits for a condition that no event announces, and returns its value. Fails with an `Error` after the timeout. Where an
 * event exists, a test waits for the event.
 */
export async function until<T>(
  condition: () => Pending<T> | Promise<Pending<T>>,
  { timeoutMs = 20_000, everyMs = 10, describe = () => 'the condition is not met' }: UntilOptions = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > deadline) throw new Error(`after ${timeoutMs} ms: ${describe()}`);
    await pause(everyMs);
  }
}

/** Waits for a moment of up to some milliseconds: to interrupt something at a point that nobody chose. */
export function moment(maxMs: number): Promise<void> {
  return pause(Math.random() * maxMs);
}

/** The turns of the event loop for which something takes, and its result: few where it holds the loop up. */
export async function turnsDuring<T>(run: () => T | Promise<T>): Promise<{ turns: number; result: T }> {
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const result = await run();
  isOver = true;
  return { turns, result };
}
