import type { Authenticator } from '../../../accounts/authenticator.ts';
import { bytes } from '../../../schema/routes/bytes.ts';
import type { Answer, RouteRequest } from '../../../schema/routes/route.ts';
import { EVENTS } from '../../contract/event-stream.ts';

/** Milliseconds between two looks whether the follower may go on, and comments that keep a quiet connection open. */
const CHECK_MS = 1000;
const HEARTBEAT_MS = 20_000;
/** Items that wait for a slow follower; beyond them it is told how many it missed. */
const MAX_WAITING = 1000;

/** Whoever follows a feed, while its session lasts. */
export interface Follower {
  readonly signal: AbortSignal;
  readonly isActive: () => Promise<boolean>;
}

interface FeedOptions<Item> {
  /** Calls back with each item. Returns what ends that. */
  readonly subscribe: (push: (item: Item) => void) => () => void;
  /** Looks for items that nobody tells of, about once a second (default: there are none). */
  readonly look?: () => Promise<readonly Item[]>;
  /** The events of items that came together. */
  readonly format: (items: readonly Item[]) => readonly string[] | Promise<readonly string[]>;
}

/** The answer of a route whose feed its caller follows. */
export function feedAnswer(
  request: RouteRequest,
  authenticate: Authenticator,
  feed: (follower: Follower) => AsyncGenerator<string>,
): Answer {
  const { signal, caller, method } = request;
  const isActive = () =>
    authenticate.requireActive(caller).then(
      () => true,
      () => false,
    );
  const content = method === 'HEAD' ? new Uint8Array() : feed({ signal, isActive });
  return bytes(
    { content, type: `${EVENTS}; charset=utf-8` },
    { 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
  );
}

/** Items as they come, as server-sent events, while the follower's session lasts. */
export async function* eventFeed<Item>(
  { signal, isActive }: Follower,
  { subscribe, look, format }: FeedOptions<Item>,
): AsyncGenerator<string> {
  const waiting: Item[] = [];
  let missed = 0;
  let wake = () => {};
  const push = (item: Item) => {
    if (waiting.length < MAX_WAITING) waiting.push(item);
    else missed += 1;
    wake();
  };
  const unsubscribe = subscribe(push);
  try {
    yield 'retry: 1000\n\n';
    let [checkedAt, sentAt] = [performance.now(), performance.now()];
    while (!signal.aborted) {
      if (waiting.length === 0) {
        const { promise: woken, resolve } = Promise.withResolvers<void>();
        const timer = setTimeout(resolve, CHECK_MS);
        wake = resolve;
        await woken;
        clearTimeout(timer);
      }
      const now = performance.now();
      if (now - checkedAt >= CHECK_MS) {
        checkedAt = now;
        if (!(await isActive())) return;
        for (const item of (await look?.()) ?? []) push(item);
      }
      const events = [...(await format(waiting.splice(0)))];
      if (missed > 0) events.push(`event: missed\ndata: ${missed}\n\n`);
      missed = 0;
      if (events.length === 0 && now - sentAt < HEARTBEAT_MS) continue;
      sentAt = now;
      yield events.length > 0 ? events.join('') : ': still here\n\n';
    }
  } finally {
    unsubscribe();
  }
}
