import { type TSchema, Type } from 'typebox';
import type { Authenticator } from '../../../accounts/authenticator.ts';
import { answer, type Route } from '../../../schema/routes/route.ts';
import { EVENTS } from '../../contract/event-stream.ts';
import { MEASURES } from '../../metrics/metrics-history.ts';
import type { ServerView } from '../../server/administration.ts';
import { titled } from '../uniform/route-names.ts';
import { adminRoute } from './admin-route.ts';
import { feedAnswer } from './event-feed.ts';
import { findLines, followLog } from './log-lines.ts';

const text = Type.String();
const instant = Type.String({ format: 'date-time' });
const nullable = (schema: TSchema) => Type.Union([schema, Type.Null()]);
const anyObject = Type.Unsafe<unknown>({ type: 'object', additionalProperties: {} });
const DAY_MS = 86_400_000;

/** The server: its log, the measures of the last day, settings, processes. */
export function serverRoutes(server: ServerView, authenticate: Authenticator): Route[] {
  return [...logRoutes(server, authenticate), ...measureRoutes(server)];
}

function logRoutes(server: ServerView, authenticate: Authenticator): Route[] {
  const filter = {
    level: Type.Optional(
      Type.Unsafe<string>({
        type: 'string',
        enum: ['debug', 'info', 'warn', 'error', 'fatal'],
        description: 'This level and worse ones.',
      }),
    ),
    text: Type.Optional(Type.String({ maxLength: 200, description: 'A part of the line, in any case.' })),
    request: Type.Optional(Type.String({ maxLength: 200, description: 'The id of a request.' })),
  };
  const list = {
    operationId: 'listLogLines',
    summary: 'The last lines of the log of all processes, newest first',
    description:
      'Of the last 10,000 of each process. `processes` are those whose lines these are, `silent` those that run and were not heard: ' +
      'those on its PostgreSQL are asked, and workers of its server. The log has no query values, no bodies, no credentials.',
    query: Type.Object({
      ...filter,
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 200 })),
    }),
    answers: {
      200: titled(
        'LogLines',
        Type.Object({
          pid: Type.Integer(),
          processes: Type.Array(text),
          silent: Type.Array(text),
          items: Type.Array(anyObject),
        }),
      ),
    },
  };
  const follow = {
    operationId: 'followLog',
    summary: 'Lines of the log as they are written, as server-sent events',
    query: Type.Object(filter),
    produces: EVENTS,
    answers: { 200: text },
  };
  return [
    adminRoute('GET', '/logs', list, async ({ query: { limit = 200, ...wanted } }) =>
      answer(200, { pid: process.pid, ...(await findLines(server, { ...wanted, limit })) }),
    ),
    adminRoute('GET', '/logs/events', follow, (request) =>
      feedAnswer(request, authenticate, (follower) => followLog(server, request.query, follower)),
    ),
  ];
}

function measureRoutes({ history, settings }: ServerView): Route[] {
  const sample = titled(
    'Sample',
    Type.Object(Object.fromEntries(MEASURES.map((name) => [name, nullable(Type.Number())]))),
  );
  const process_ = titled(
    'Process',
    Type.Object({
      pid: Type.Integer(),
      host: text,
      started_at: instant,
      node: text,
      url: text,
      roles: Type.Array(text),
      seen_at: nullable(instant),
      running: Type.Boolean(),
      ready: nullable(Type.Boolean()),
      last: nullable(sample),
    }),
  );
  const metrics = {
    operationId: 'getMetricsHistory',
    summary:
      'Measures of the last day by process: a sample every half minute, of processes on other data folders every five',
    description:
      'Counts are those since the sample before. Times are milliseconds, sizes bytes; null where there is none. `at` is milliseconds since 1970.',
    query: Type.Object({
      hours: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 24, default: 24 })),
    }),
    answers: {
      200: titled(
        'MetricsHistory',
        Type.Object({
          items: Type.Array(Type.Object({ process: process_, samples: Type.Array(sample) })),
        }),
      ),
    },
  };
  const processes = {
    operationId: 'listProcesses',
    summary: 'Processes of the last day on this data folder or database, whether they run and take requests',
    description: '`last` is the last sample, of half a minute at most.',
    answers: { 200: titled('Processes', Type.Object({ items: Type.Array(process_) })) },
  };
  const inEffect = {
    operationId: 'listSettings',
    summary: 'Settings in effect, and where each comes from; secrets are masked',
    answers: {
      200: titled(
        'Settings',
        Type.Object({ items: Type.Array(Type.Object({ name: text, value: Type.Unknown(), source: text })) }),
      ),
    },
  };
  return [
    adminRoute('GET', '/metrics', metrics, async ({ query: { hours = 24 } }) =>
      answer(200, { items: await history.read(Date.now() - (hours / 24) * DAY_MS) }),
    ),
    adminRoute('GET', '/processes', processes, async () => answer(200, { items: await history.processes() })),
    adminRoute('GET', '/settings', inEffect, () => answer(200, { items: settings })),
  ];
}
