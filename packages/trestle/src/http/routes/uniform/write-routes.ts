import { type TSchema, Type } from 'typebox';
import type { Store } from '../../../database/store.ts';
import { Problem } from '../../../problems.ts';
import type { Model, ModelField, Row } from '../../../rows/model.ts';
import { transitionsOf } from '../../../rows/policy.ts';
import { isAddedTo } from '../../../rows/several/verbs.ts';
import { MAX_WRITTEN } from '../../../rows/several/write-many.ts';
import { inTransaction } from '../../../rows/transaction.ts';
import type { AnyService } from '../../../rows/write.ts';
import type { RowId } from '../../../schema/id.ts';
import {
  type Answer,
  answer,
  type Method,
  type Route,
  type RouteOptions,
  type RouteRequest,
  type RouteTypes,
  route,
} from '../../../schema/routes/route.ts';
import { nobody } from '../../../schema/rules.ts';
import type { ManyQuery, Versioned } from '../../../schema/services/row-service.ts';
import { invalidParameter, refuseUnknown } from '../../requests/input.ts';
import { etagOf, ifMatchOf, type Representation } from './etag.ts';
import { documentedQuery, filterParameters } from './list-parameters.ts';
import { filterOf, isFilterKey, textOf } from './list-query.ts';
import { rowName, titled, typeName, verbPath } from './route-names.ts';

interface WriteContext {
  readonly model: Model;
  readonly service: AnyService;
  readonly store: Store;
  /** The schema of a row. */
  readonly row: TSchema;
  /** Differences of representations, which ETags tell. */
  readonly tag: Representation;
}

const DRY_RUN = Type.Optional(
  Type.Boolean({
    description: 'Does everything but the commit: nothing is written, and the answer is what it would be.',
  }),
);
/** RFC 7240, 4.2. */
const MINIMAL = /(?:^|[,;\s])return\s*=\s*"?minimal"?(?:$|[,;\s])/i;

interface WriteTypes extends RouteTypes {
  params: { id: RowId; value: string };
  query: Readonly<Record<string, unknown>>;
}

type Handle = (request: RouteRequest<WriteTypes>) => Promise<Answer>;

/** The routes that write rows of one resource. */
export function writeRoutes(context: WriteContext): Route[] {
  const { model } = context;
  const {
    documented,
    resource: { atLeastOne },
  } = model;
  const whole =
    atLeastOne.length === 0
      ? documented.body
      : Type.Unsafe({
          ...documented.body,
          description: `At least one of ${atLeastOne.join(', ')} is given and not null.`,
          minProperties: 1,
        });
  const body = titled(`${rowName(model.name)}Body`, whole);
  const patch = titled(`${rowName(model.name)}Patch`, documented.patch);
  return [
    ...changes(context),
    ...creations(context, body),
    ...edits(context, body, patch),
    ...byFilter(context, patch),
  ];
}

/** Options of the routes of one row. */
function ofOne({ model, row }: WriteContext) {
  return {
    tag: model.name,
    checkBody: false,
    params: idParams(model),
    headers: ['If-Match'],
    sends: ['ETag'],
    can: model.resource.can.update ?? nobody,
    answers: { 200: row, 204: null },
  };
}

/** Changes that take no fields: transitions, a row that comes back, and what is added to numbers. */
function changes(context: WriteContext): Route[] {
  const { model, service, tag } = context;
  const { name } = model;
  const one = rowName(name);
  const write = writeRoute(context);
  const update = ofOne(context);
  const isConditional = model.resource.conditional === 'required';
  const steps = transitionsOf(model.fields).map((step) => {
    const described = {
      ...update,
      operationId: `${step.name}${one}`,
      summary: `${typeName(step.name)} one of ${name}: from ${[step.from].flat().join(' or ')} to ${step.to}`,
      can: step.can ?? update.can,
      raises: ['illegal_transition'] as const,
    };
    return write('POST', verbPath(name, step.name), described, async (request) => {
      const ifMatch = ifMatchOf(request.headers['if-match'], tag, isConditional);
      return versioned(await service.transition(request, request.params.id, step.name, { ifMatch }), tag);
    });
  });
  if (model.resource.softDelete) {
    const described = {
      ...update,
      operationId: `restore${one}`,
      summary: `Bring back one of ${name} that was deleted`,
      can: model.resource.softDelete.restore ?? model.resource.can.delete ?? nobody,
    };
    const restore: Handle = async (request) =>
      versioned(
        await service.restore(request, request.params.id, {
          ifMatch: ifMatchOf(request.headers['if-match'], tag),
        }),
        tag,
      );
    steps.push(write('POST', verbPath(name, 'restore'), described, restore));
  }
  const added = model.documented.fields.filter(isAddedTo);
  if (added.length === 0) return steps;
  const amounts = Object.fromEntries(
    added.map(({ kind, name: key }) => {
      const amount = kind === 'number' ? Type.Number : Type.Integer;
      return [key, Type.Optional(amount({ description: `Added to ${key}.` }))];
    }),
  );
  const increment = {
    ...update,
    checkBody: true,
    body: titled(`${one}Amounts`, Type.Object(amounts, { additionalProperties: false, minProperties: 1 })),
    operationId: `increment${one}`,
    summary: `Add to numbers of one of ${name}`,
  };
  return [
    ...steps,
    write('POST', verbPath(name, 'increment'), increment, async (request) => {
      // The body fits the schema of amounts.
      const body = request.body as object;
      const ifMatch = ifMatchOf(request.headers['if-match'], tag, isConditional);
      return versioned(await service.increment(request, request.params.id, body, { ifMatch }), tag);
    }),
  ];
}

function creations(context: WriteContext, body: TSchema): Route[] {
  const { model, service, row, tag } = context;
  const { name, resource } = model;
  const one = rowName(name);
  const write = writeRoute(context);
  const shared = { tag: name, checkBody: false, can: resource.can.create ?? nobody };
  const created = ({ base }: RouteRequest, made: Versioned<Row>) =>
    answer(201, made, { location: `${base}/v1/${name}/${made.id}`, etag: etagOf(made, tag) });
  const create = {
    ...shared,
    sends: ['Location', 'ETag'],
    body,
    answers: { 201: row },
    operationId: `create${one}`,
    summary: `Create one of ${name}`,
  };
  const items = Type.Array(body, { minItems: 1, maxItems: MAX_WRITTEN });
  const createMany = {
    ...shared,
    body: titled(`${one}Bodies`, Type.Object({ items }, { additionalProperties: false })),
    answers: { 201: titled(`${one}Rows`, Type.Object({ items: Type.Array(row) })) },
    operationId: `createMany${typeName(name)}`,
    summary: `Create several of ${name}, all or none`,
  };
  const upserts = keysOf(model).map(({ name: key, type }) => {
    const described = {
      ...ofOne(context),
      ...shared,
      params: Type.Object({ value: Type.String({ description: `The ${key} of the row.` }) }),
      body,
      operationId: `upsert${one}By${typeName(key)}`,
      summary: `Replace the row of ${name} with this ${key}, or create it`,
      answers: { 200: row, 201: row, 204: null },
    };
    return write('PUT', `/${name}/by/${key}/:value`, described, async (request) => {
      const read = type.fromText(request.params.value, () => undefined);
      const value = type.normalize ? type.normalize(read) : read;
      if (!type.accepts(value)) throw new Problem('not_found');
      const by = { field: key, value };
      const found = await service.upsert(request, by, request.body, {
        ifMatch: ifMatchOf(request.headers['if-match'], tag),
      });
      return found.created ? created(request, found.row) : versioned(found.row, tag);
    });
  });
  return [
    write('POST', `/${name}`, create, async (request) =>
      created(request, await service.create(request, request.body)),
    ),
    write('POST', `/${name}::createMany`, createMany, async (request) => {
      const { items: given, ...others }: Record<string, unknown> = Object(request.body);
      const [other] = Object.keys(others);
      if (other !== undefined) {
        const unknown = { pointer: `/${other}`, code: 'unknown', message: 'the body has items alone' };
        throw new Problem('unknown_field', { errors: [unknown], detail: unknown.message });
      }
      if (Array.isArray(given)) return answer(201, { items: await service.createMany(request, given) });
      const error = { pointer: '/items', code: 'required', message: 'expected an array of bodies' };
      throw new Problem('invalid', { errors: [error], detail: error.message });
    }),
    ...upserts,
  ];
}

/** Replacement, changes of fields and deletion of one row. */
function edits(context: WriteContext, body: TSchema, patch: TSchema): Route[] {
  const { model, service, tag } = context;
  const { name, resource } = model;
  const one = rowName(name);
  const write = writeRoute(context);
  const update = ofOne(context);
  const isConditional = model.resource.conditional === 'required';
  const replace = { ...update, body, operationId: `replace${one}`, summary: `Replace one of ${name}` };
  const change = {
    ...update,
    body: patch,
    operationId: `update${one}`,
    summary: `Change fields of one of ${name} (RFC 7396)`,
  };
  const remove = {
    ...update,
    sends: [],
    can: resource.can.delete ?? nobody,
    answers: { 204: null },
    operationId: `delete${one}`,
    summary: `Delete one of ${name}`,
  };
  const path = `/${name}/:id`;
  return [
    write('PUT', path, replace, async (request) => {
      const ifMatch = ifMatchOf(request.headers['if-match'], tag, isConditional);
      return versioned(await service.replace(request, request.params.id, request.body, { ifMatch }), tag);
    }),
    write('PATCH', path, change, async (request) => {
      const ifMatch = ifMatchOf(request.headers['if-match'], tag, isConditional);
      return versioned(await service.patch(request, request.params.id, request.body, { ifMatch }), tag);
    }),
    write('DELETE', path, remove, async (request) => {
      await service.remove(request, request.params.id, {
        ifMatch: ifMatchOf(request.headers['if-match'], tag, isConditional),
      });
      return answer(204);
    }),
  ];
}

/** Changes and deletions of all rows of a filter. */
function byFilter(context: WriteContext, patch: TSchema): Route[] {
  const { model, service } = context;
  const write = writeRoute(context);
  const { name, resource } = model;
  const max = {
    type: 'integer',
    minimum: 1,
    maximum: MAX_WRITTEN,
    description: 'Where more rows match, none is written.',
  };
  const shared = {
    tag: name,
    checkBody: false,
    checkQuery: false,
    query: documentedQuery({ max, dry_run: DRY_RUN, ...filterParameters(model) }, ['max']),
    answers: { 200: Type.Object({ count: Type.Integer() }), 204: null },
  };
  return [
    write(
      'PATCH',
      `/${name}`,
      {
        ...shared,
        can: resource.can.update ?? nobody,
        body: patch,
        operationId: `updateMany${typeName(name)}`,
        summary: `Change fields of all ${name} of a filter, or of none`,
      },
      async (request) =>
        answer(200, await service.patchMany(request, manyQueryOf(request.query, model), request.body)),
    ),
    write(
      'DELETE',
      `/${name}`,
      {
        ...shared,
        can: resource.can.delete ?? nobody,
        operationId: `deleteMany${typeName(name)}`,
        summary: `Delete all ${name} of a filter, or none`,
      },
      async (request) => answer(200, await service.removeMany(request, manyQueryOf(request.query, model))),
    ),
  ];
}

/** The rows that a write of many is about. Throws `unknown_parameter` and `invalid_query`. */
function manyQueryOf(query: Readonly<Record<string, unknown>>, model: Model): ManyQuery {
  const plain = Object.entries(query).filter(([name]) => !isFilterKey(name));
  refuseUnknown(Object.fromEntries(plain), ['filter', 'search', 'max', 'dry_run']);
  const filter = filterOf(query, model);
  const search = textOf(query, 'search');
  const max = textOf(query, 'max') ?? '';
  if (!/^\d{1,6}$/.test(max))
    throw invalidParameter('max', 'required', `expected an integer from 1 to ${MAX_WRITTEN}`);
  return {
    max: Number(max),
    shortLists: true,
    ...(filter && { filter }),
    ...(search !== undefined && { search }),
  };
}

/** Makes routes that write: they take Idempotency-Key, `Prefer: return=minimal` and `dry_run`. */
function writeRoute({ store }: WriteContext) {
  return (method: Method, path: string, options: Omit<RouteOptions, 'idempotent'>, handle: Handle): Route => {
    const described = {
      query: Type.Object({ dry_run: DRY_RUN }),
      ...options,
      idempotent: true,
      headers: [...(options.headers ?? []), 'Prefer'],
    };
    return route(method, path, described, async (given) => {
      // The types of a request follow from the schemas that were given; an id is in those of one row.
      const request = given as unknown as RouteRequest<WriteTypes>;
      const { query, headers } = request;
      const isDryRun = query.dry_run !== undefined && isDry(query);
      const found = isDryRun ? await dryRun(store, request, handle) : await handle(request);
      return headers.prefer !== undefined && MINIMAL.test(String(headers.prefer)) ? minimal(found) : found;
    });
  };
}

/** Whether a request is not to be committed. Routes that read their query themselves have it as a text. */
export function isDry(query: unknown): boolean {
  const { dry_run: given } = Object(query);
  if (given === undefined || typeof given === 'boolean') return given === true;
  if (given !== 'true' && given !== 'false')
    throw invalidParameter('dry_run', 'type', `expected true or false, got ${JSON.stringify(given)}`);
  return given === 'true';
}

/** Undoes a transaction that has come to its end. */
class DryRun extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super('a dry run is undone');
    this.answer = answer;
  }
}

async function dryRun(store: Store, request: RouteRequest<WriteTypes>, handle: Handle): Promise<Answer> {
  try {
    return await inTransaction(
      store,
      { caller: request.caller },
      async (transaction) => {
        throw new DryRun(await handle(Object.assign(request, { transaction })));
      },
      { before: true },
    );
  } catch (error) {
    if (!(error instanceof DryRun)) throw error;
    return { ...error.answer, headers: { ...error.answer.headers, 'dry-run': 'true' } };
  }
}

function minimal({ status, headers }: Answer): Answer {
  return {
    status: status === 200 ? 204 : status,
    headers: { ...headers, 'preference-applied': 'return=minimal' },
  };
}

/** Unique fields that callers may set, by which a row can be created. */
export function keysOf({ documented: { fields } }: Model): ModelField[] {
  return fields.filter(({ field, type, writable }) => field.unique && writable && type.operators.length > 0);
}

export function idParams(model: Model) {
  return Type.Object({ id: Type.Unsafe<RowId>(model.resource.id.schema) });
}

export function versioned(row: Versioned<Row>, tag: Representation): Answer {
  return { status: 200, body: row, headers: { etag: etagOf(row, tag) } };
}
