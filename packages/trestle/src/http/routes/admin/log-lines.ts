import type { ServerView } from '../../server/administration.ts';

const LEVELS = ['debug', 'info', 'warn', 'error', 'fatal'];
/** Milliseconds between two looks whether the follower may go on, and comments that keep a quiet connection open. */
const CHECK_MS = 1000;
const HEARTBEAT_MS = 20_000;
/** Lines that wait for a slow follower; beyond them it is told how many it missed. */
const MAX_WAITING = 1000;

interface LineFilter {
  readonly level?: string | undefined;
  readonly text?: string | undefined;
  readonly request?: string | undefined;
}

type Line = Readonly<Record<string, unknown>>;

/** The newest lines that a filter leaves, of those that are the app's or the server's. */
export function* matchingLines(server: ServerView, filter: LineFilter, limit: number): Generator<Line> {
  const matches = matcher(server, filter);
  let left = limit;
  for (const line of server.recent.newestFirst()) {
    const found = matches(line);
    if (!found) continue;
    yield found;
    left -= 1;
    if (left === 0) return;
  }
}

/** Lines as they are written, as server-sent events, while the follower's session lasts. */
export async function* followLog(
  server: ServerView,
  filter: LineFilter,
  { signal, isActive }: { signal: AbortSignal; isActive: () => Promise<boolean> },
): AsyncGenerator<string> {
  const matches = matcher(server, filter);
  const waiting: Line[] = [];
  let missed = 0;
  let wake = () => {};
  const unfollow = server.recent.follow((line) => {
    const found = matches(line);
    if (!found) return;
    if (waiting.length < MAX_WAITING) waiting.push(found);
    else missed += 1;
    wake();
  });
  try {
    yield 'retry: 1000\n\n';
    let quiet = 0;
    while (!signal.aborted) {
      if (waiting.length === 0) {
        quiet += await heardWithin(CHECK_MS, (resolve) => {
          wake = resolve;
        });
        if (!(await isActive())) return;
      }
      const lines = waiting.splice(0).map((line) => `event: line\ndata: ${JSON.stringify(line)}\n\n`);
      if (missed > 0) lines.push(`event: missed\ndata: ${missed}\n\n`);
      missed = 0;
      if (lines.length > 0) yield lines.join('');
      else if (quiet >= HEARTBEAT_MS) yield ': still here\n\n';
      if (lines.length > 0 || quiet >= HEARTBEAT_MS) quiet = 0;
    }
  } finally {
    unfollow();
  }
}

/** Waits until it is woken, at most so long; answers the milliseconds of a wait in vain. */
async function heardWithin(milliseconds: number, waker: (resolve: () => void) => void): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const timer = setTimeout(() => resolve(milliseconds), milliseconds);
  waker(() => resolve(0));
  return promise.finally(() => clearTimeout(timer));
}

/** Parses a line and answers it where it matches. */
function matcher(
  server: ServerView,
  { level, text, request }: LineFilter,
): (line: string) => Line | undefined {
  const from = level === undefined ? 0 : LEVELS.indexOf(level);
  const part = text?.toLowerCase();
  return (line) => {
    if (part !== undefined && !line.toLowerCase().includes(part)) return undefined;
    if (request !== undefined && !line.includes(request)) return undefined;
    const found: Line = JSON.parse(line);
    if (LEVELS.indexOf(String(found.level)) < from || !server.isOwn(found)) return undefined;
    return request === undefined || [found.request, found.requestId].includes(request) ? found : undefined;
  };
}
