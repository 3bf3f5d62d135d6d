import { type TSchema, Type } from 'typebox';
import type { Model } from '../../../rows/model.ts';
import { audienceOf } from '../../../rows/rules/caller-class.ts';
import type { RowId } from '../../../schema/id.ts';
import { type Answer, answer, type Route, route } from '../../../schema/routes/route.ts';
import { administrator, anyone, nobody, type Rule, signedIn } from '../../../schema/rules.ts';
import {
  OPERATION_STATES,
  type OperationService,
  type OperationView,
} from '../../../schema/services/operation-service.ts';
import { EVENTS, operationEvents } from '../../contract/event-stream.ts';
import { pageRoute } from './page-route.ts';
import { rowName, titled, typeName, verbPath } from './route-names.ts';

const instant = Type.String({ format: 'date-time' });
const text = Type.String();
const nullable = (schema: TSchema) => Type.Union([schema, Type.Null()]);
const tag = 'operations';
const rowId = Type.Union([Type.Integer(), Type.String()]);
const state = Type.Unsafe<OperationView['state']>({ type: 'string', enum: [...OPERATION_STATES] });
const params = Type.Object({ id: Type.String({ format: 'uuid' }) });

const operation = titled(
  'Operation',
  Type.Object({
    id: text,
    resource: text,
    row: rowId,
    operation: text,
    state,
    progress: Type.Number({ minimum: 0, maximum: 1 }),
    message: nullable(text),
    result: Type.Unknown(),
    error: nullable(text),
    attempts: Type.Integer(),
    created_at: instant,
    started_at: nullable(instant),
    finished_at: nullable(instant),
  }),
);

const move = titled(
  'Move',
  Type.Object({ at: instant, by: nullable(rowId), from: text, to: text, operation: nullable(text) }),
);

/** Operations under `/v1/operations`, where any resource has a lifecycle. Who may see which is decided by the rules of their rows. */
export function operationRoutes(
  models: ReadonlyMap<string, Model>,
  operations: OperationService,
  moveModel: Model,
): Route[] {
  const moving = [...models.values()].filter(({ fields }) => fields.some(({ type }) => type.state));
  if (moving.length === 0) return [];
  const can = readRule(moving);
  const query = Type.Object({
    resource: Type.Optional(text),
    row: Type.Optional(text),
    state: Type.Optional(state),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
    cursor: Type.Optional(text),
  });
  const page = Type.Object({ items: Type.Array(operation), next: nullable(text), prev: nullable(text) });
  const list = {
    operationId: 'listOperations',
    summary: 'List operations, newest first',
    tag,
    can,
    query,
    answers: { 200: titled('OperationPage', page) },
  };
  const read = {
    operationId: 'getOperation',
    summary: 'Read an operation',
    tag,
    can,
    params,
    sends: ['Retry-After'],
    answers: { 200: operation },
  };
  const cancel = {
    operationId: 'cancelOperation',
    summary: 'Cancel an operation',
    tag,
    can,
    params,
    sends: ['Location', 'Retry-After'],
    answers: { 202: operation },
  };
  const events = {
    operationId: 'streamOperationEvents',
    summary: 'Progress of an operation as server-sent events, until it ends',
    tag,
    can,
    params,
    headers: ['Last-Event-ID'],
    produces: EVENTS,
    answers: { 200: Type.String(), 204: null },
  };
  return [
    ...moving.flatMap((model) => rowRoutes(model, operations, moveModel)),
    route('GET', '/operations', list, async ({ caller, query: wanted }) =>
      answer(200, await operations.list(caller, wanted)),
    ),
    route('GET', '/operations/:id', read, async ({ caller, params: { id } }) => {
      const found = await operations.read(caller, id);
      return answer(200, found, pollAfter(found));
    }),
    route('POST', verbPath('operations', 'cancel'), cancel, async ({ caller, params: { id }, base }) =>
      accepted(await operations.cancel(caller, id), base),
    ),
    route('GET', '/operations/:id/events', events, (request) =>
      operationEvents(operations, request, request.params.id),
    ),
  ];
}

/** `POST /v1/RESOURCE/{id}:OPERATION` and `GET /v1/RESOURCE/{id}/moves`. */
function rowRoutes(model: Model, operations: OperationService, moves: Model): Route[] {
  const { name, resource } = model;
  const of = { tag: name, params: Type.Object({ id: Type.Unsafe<RowId>(resource.id.schema) }) };
  const starts = Object.entries(resource.lifecycle?.operations ?? {}).map(([verb, { from, to, can }]) => {
    const options = {
      ...of,
      operationId: `start${rowName(name)}${typeName(verb)}`,
      summary: `Start ${verb} on one of ${name}: from ${[from].flat().join(' or ')} to ${to}`,
      can: can ?? resource.can.update ?? nobody,
      idempotent: true,
      sends: ['Location', 'Retry-After'],
      raises: ['illegal_transition'] as const,
      answers: { 202: operation },
    };
    // The router needs to be told that an id ends before the colon.
    return route('POST', verbPath(name, verb), options, async (request) =>
      accepted(await operations.start(request, name, request.params.id, verb), request.base),
    );
  });
  const list = {
    ...of,
    operationId: `list${rowName(name)}Moves`,
    summary: `Moves of one of ${name} from state to state, newest first`,
    can: resource.can.read ?? nobody,
    model: moves,
    item: move,
  };
  return [
    ...starts,
    pageRoute(`/${name}/:id/moves`, list, ({ caller, params: { id } }, query, cursor) =>
      operations.moves(caller, name, id, cursor === undefined ? query : { ...query, cursor }),
    ),
  ];
}

/** Who may read rows of any of the resources: which operations, their rows decide. */
function readRule(models: readonly Model[]): Rule {
  const audiences = models.map(({ resource: { can } }) => (can.read ? audienceOf(can.read) : 'nobody'));
  if (audiences.includes('everyone')) return anyone;
  if (audiences.includes('accounts')) return signedIn;
  return audiences.includes('administrator') ? administrator : nobody;
}

function accepted(view: OperationView, base: string): Answer {
  const location = `${base}/v1/operations/${view.id}`;
  return { status: 202, body: view, headers: { location, ...pollAfter(view) } };
}

/** When to ask again, while there is something to ask for. */
function pollAfter({ finished_at }: OperationView): Record<string, string> {
  return finished_at === null ? { 'retry-after': '1' } : {};
}
