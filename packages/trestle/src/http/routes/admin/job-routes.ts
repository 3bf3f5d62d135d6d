import { type TSchema, Type } from 'typebox';
import { refuseKey } from '../../../accounts/account-rows.ts';
import type { Engine } from '../../../engine.ts';
import { answer, type Route } from '../../../schema/routes/route.ts';
import type { Resources } from '../../../schema/row-types.ts';
import { administrator } from '../../../schema/rules.ts';
import { OPERATION_STATES } from '../../../schema/services/operation-service.ts';
import { EVENTS } from '../../contract/event-stream.ts';
import { pageRoute } from '../uniform/page-route.ts';
import { titled, verbPath } from '../uniform/route-names.ts';
import { adminRoute, tag } from './admin-route.ts';
import { eventFeed, feedAnswer } from './event-feed.ts';

const text = Type.String();
const instant = Type.String({ format: 'date-time' });
const nullable = (schema: TSchema) => Type.Union([schema, Type.Null()]);

const job = titled(
  'Job',
  Type.Object({
    id: text,
    name: text,
    resource: nullable(text),
    row: nullable(text),
    state: Type.Unsafe({ type: 'string', enum: [...OPERATION_STATES] }),
    progress: Type.Number(),
    message: nullable(text),
    result: Type.Unknown(),
    error: nullable(text),
    attempts: Type.Integer(),
    created_at: instant,
    started_at: nullable(instant),
    finished_at: nullable(instant),
  }),
);

const attempt = titled(
  'Attempt',
  Type.Object({
    number: Type.Integer(),
    started_at: nullable(instant),
    finished_at: nullable(instant),
    outcome: Type.Unsafe({
      type: 'string',
      enum: ['running', 'succeeded', 'failed', 'cancelled', 'released', 'lost'],
    }),
    error: nullable(text),
  }),
);

const schedule = titled(
  'Schedule',
  Type.Object({ name: text, schedule: text, next: instant, fired: nullable(instant) }),
);

const attempts = {
  operationId: 'listAttempts',
  summary: 'Attempts of a job, the last 20: when, how long, how each ended',
  description:
    'The first attempt is 1. `released`: given back by a process that closed; it does not count. `lost`: its process was killed.',
  params: Type.Object({ id: Type.String({ format: 'uuid' }) }),
  answers: { 200: titled('Attempts', Type.Object({ items: Type.Array(attempt) })) },
};
const follow = {
  operationId: 'followJobs',
  summary: 'Jobs as they change, as server-sent events',
  description:
    'Each event `job` is a whole job. `reread` says that some may have been missed: read the list again.',
  produces: EVENTS,
  answers: { 200: text },
};

/** Declared jobs and operations, whoever's they are. */
export function jobRoutes<Rs extends Resources>({ jobs, authenticate }: Engine<Rs>): Route[] {
  const params = Type.Object({ id: Type.String({ format: 'uuid' }) });
  const list = {
    operationId: 'listJobs',
    summary: 'Jobs and operations, newest first',
    description: 'An operation has the resource and the row it belongs to; a declared job has neither.',
    tag,
    can: administrator,
    model: jobs.model,
    item: job,
  };
  const one = { params, transactional: true, answers: { 200: job } };
  const run = {
    transactional: true,
    operationId: 'runJob',
    summary: 'Run a declared job now',
    body: Type.Object(
      {
        name: Type.Unsafe<string>({ type: 'string', enum: jobs.names }),
        input: Type.Optional(Type.Unsafe<unknown>({ type: 'object', additionalProperties: {} })),
      },
      { title: 'JobRun', additionalProperties: false },
    ),
    answers: { 202: job },
  };
  const schedules = {
    operationId: 'listSchedules',
    summary: 'When declared jobs run next, and when they last did',
    answers: { 200: titled('Schedules', Type.Object({ items: Type.Array(schedule) })) },
  };
  const runRoute = adminRoute('POST', '/jobs', run, async (request) => {
    const { id } = await jobs.run(request, request.body.name, request.body.input ?? {});
    return answer(202, await jobs.read(request, id));
  });
  return [
    pageRoute('/admin/jobs', list, (request, query, cursor) => {
      refuseKey(request.caller);
      return jobs.list(request, query, cursor);
    }),
    adminRoute('GET', '/jobs/events', follow, (request) =>
      feedAnswer(request, authenticate, (follower) =>
        eventFeed<string | null>(follower, {
          subscribe: (push) => jobs.watch(push),
          look: jobs.watchOthers(),
          async format(ids) {
            const changed = await jobs.find([...new Set(ids.filter((id) => id !== null))]);
            const events = changed.map((one) => `event: job\ndata: ${JSON.stringify(one)}\n\n`);
            return ids.includes(null) ? [...events, 'event: reread\ndata:\n\n'] : events;
          },
        }),
      ),
    ),
    adminRoute('GET', '/jobs/:id/attempts', attempts, async (request) =>
      answer(200, { items: await jobs.attempts(request, request.params.id) }),
    ),
    adminRoute(
      'GET',
      '/jobs/:id',
      { ...one, operationId: 'getJob', summary: 'Read a job' },
      async (request) => answer(200, await jobs.read(request, request.params.id)),
    ),
    ...(jobs.names.length > 0 ? [runRoute] : []),
    adminRoute(
      'POST',
      verbPath('jobs', 'cancel'),
      { ...one, operationId: 'cancelJob', summary: 'Cancel a job that waits, or ask one that runs to stop' },
      async (request) => answer(200, await jobs.cancel(request, request.params.id)),
    ),
    adminRoute(
      'POST',
      verbPath('jobs', 'retry'),
      {
        params,
        transactional: true,
        operationId: 'retryJob',
        summary: 'Run a job that has failed or was cancelled once more, as a new one',
        answers: { 202: job },
      },
      async (request) => answer(202, await jobs.retry(request, request.params.id)),
    ),
    adminRoute('GET', '/schedules', schedules, async () => answer(200, { items: await jobs.schedules() })),
  ];
}
