import { type Answer, answer, EVENTS, type OperationView, operationEvents, route } from 'trestle/contract';
import { Type } from 'typebox';
import type { Context } from './contract.ts';
import { Operation, OperationId, OperationQuery, operationOf, PackageId } from './schemas.ts';

const tag = 'work';

/** Downloads and activations: started on a package, then watched, polled or cancelled. */
export function operationRoutes(context: Context) {
  return [...startRoutes(context), ...readRoutes(context), cancelRoute(context), eventsRoute(context)];
}

function startRoutes({ rules, operations }: Context) {
  const can = rules.packages.update;
  return (['download', 'activate'] as const).map((kind) =>
    route(
      'POST',
      `/packages/:id/${kind}`,
      {
        tag,
        operationId: `${kind}Package`,
        summary: `Start to ${kind} a package`,
        can,
        params: PackageId,
        sends: ['Location', 'Retry-After'],
        raises: ['illegal_transition'],
        answers: { 202: Operation },
      },
      async ({ caller, params, base }) =>
        accepted(await operations.start(caller, 'packages', params.id, kind), base),
    ),
  );
}

function readRoutes({ rules, operations }: Context) {
  const can = rules.packages.read;
  return [
    route(
      'GET',
      '/operations',
      {
        tag,
        operationId: 'listWork',
        summary: 'List operations, newest first',
        can,
        query: OperationQuery,
        answers: { 200: Type.Array(Operation) },
      },
      async ({ caller, query: { package_id } }) => {
        const row = package_id === undefined ? {} : { row: package_id };
        const { items } = await operations.list(caller, { resource: 'packages', limit: 200, ...row });
        return answer(200, items.map(operationOf));
      },
    ),
    route(
      'GET',
      '/operations/:id',
      {
        tag,
        operationId: 'getWork',
        summary: 'Read an operation',
        can,
        params: OperationId,
        sends: ['Retry-After'],
        answers: { 200: Operation },
      },
      async ({ caller, params }) => {
        const found = await operations.read(caller, params.id);
        return answer(200, operationOf(found), found.finished_at === null ? { 'retry-after': '1' } : {});
      },
    ),
  ];
}

function cancelRoute({ rules, operations }: Context) {
  const can = rules.packages.update;
  return route(
    'POST',
    '/operations/:id/cancel',
    {
      tag,
      operationId: 'cancelWork',
      summary: 'Cancel an operation',
      can,
      params: OperationId,
      sends: ['Location', 'Retry-After'],
      answers: { 202: Operation },
    },
    async ({ caller, params, base }) => accepted(await operations.cancel(caller, params.id), base),
  );
}

function eventsRoute({ rules, operations }: Context) {
  const options = {
    tag,
    operationId: 'streamWork',
    summary: 'Progress of an operation as server-sent events, until it ends',
    can: rules.packages.read,
    params: OperationId,
    produces: EVENTS,
    answers: { 200: Type.String(), 204: null },
  };
  return route('GET', '/operations/:id/events', options, (request) =>
    operationEvents(operations, request, request.params.id, operationOf),
  );
}

function accepted(operation: OperationView, base: string): Answer {
  const again = operation.finished_at === null ? { 'retry-after': '1' } : {};
  return answer(202, operationOf(operation), { location: `${base}/operations/${operation.id}`, ...again });
}
