import type { Line, LineQuery, OwnLineQuery } from '../../logging/shared-lines.ts';
import { nameOf } from '../../metrics/metrics-history.ts';
import type { ServerView } from '../../server/administration.ts';
import { eventFeed, type Follower } from './event-feed.ts';

const LEVELS = ['debug', 'info', 'warn', 'error', 'fatal'];
/** Lines of another process that a follower is given at once. */
const MAX_FOLLOWED = 500;

type LineFilter = Pick<LineQuery, 'level' | 'text' | 'request'>;

/** Lines that are asked for, and the processes whose lines they are. */
interface FoundLines {
  readonly items: readonly Line[];
  readonly processes: readonly string[];
  /** Processes that run and did not answer, or cannot be asked. */
  readonly silent: readonly string[];
}

/** The newest lines of all processes that a filter leaves. */
export async function findLines(
  server: ServerView,
  query: Omit<LineQuery, 'since' | 'started'>,
): Promise<FoundLines> {
  const own = server.history.name;
  const running = (await server.history.processes()).filter(({ running }) => running).map(nameOf);
  const others = running.filter((name) => name !== own);
  const answered = (await server.lines?.ask(own, query, others)) ?? [];
  const here = [...matchingLines(server, query)];
  if (answered.length === 0) return { items: here, processes: [own], silent: others };
  const all = [{ process: own, lines: here }, ...answered].flatMap(({ process, lines }) =>
    lines.map((line) => ({ ...line, process })),
  );
  const processes = [own, ...answered.map(({ process }) => process)];
  return {
    items: all.toSorted((a, b) => (timeOf(a) < timeOf(b) ? 1 : -1)).slice(0, query.limit),
    processes,
    silent: others.filter((name) => !processes.includes(name)),
  };
}

function timeOf(line: Line): string {
  return String(line.time);
}

/** The newest lines of this process that a filter leaves, of those that are the app's or the server's. */
export function* matchingLines(
  server: ServerView,
  { limit, since, ...filter }: OwnLineQuery,
): Generator<Line> {
  const matches = matcher(server, filter);
  let left = limit;
  for (const line of server.recent.newestFirst()) {
    const found = matches(line);
    if (!found) continue;
    if (since !== undefined && timeOf(found) <= since) return;
    yield found;
    left -= 1;
    if (left === 0) return;
  }
}

/** Lines of all processes as they are written, as server-sent events, while the follower's session lasts. */
export function followLog(
  server: ServerView,
  filter: LineFilter,
  follower: Follower,
): AsyncGenerator<string> {
  const matches = matcher(server, filter);
  const own = server.history.name;
  const started = new Date().toISOString();
  const since: Record<string, string> = {};
  return eventFeed<Line>(follower, {
    // This process calls back with its lines; the others are asked now and then.
    look: async () => {
      const query = { ...filter, limit: MAX_FOLLOWED, since, started };
      const answered = (await server.lines?.ask(own, query, Object.keys(since)).catch(() => undefined)) ?? [];
      return answered.flatMap(({ process, at, lines }) => {
        since[process] = at;
        return lines.map((line) => ({ ...line, process })).toReversed();
      });
    },
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
