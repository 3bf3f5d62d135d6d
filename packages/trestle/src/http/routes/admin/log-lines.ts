import type { ServerView } from '../../server/administration.ts';
import { eventFeed, type Follower } from './event-feed.ts';

const LEVELS = ['debug', 'info', 'warn', 'error', 'fatal'];
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
export function followLog(
  server: ServerView,
  filter: LineFilter,
  follower: Follower,
): AsyncGenerator<string> {
  const matches = matcher(server, filter);
  return eventFeed<Line>(follower, {
    subscribe: (push) =>
      server.recent.follow((line) => {
        const found = matches(line);
        if (found) push(found);
      }),
    format: (lines) => lines.map((line) => `event: line\ndata: ${JSON.stringify(line)}\n\n`),
  });
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
