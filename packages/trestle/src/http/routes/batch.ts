import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Engine } from '../../engine.ts';
import { type FieldError, Problem } from '../../problems.ts';
import type { IdempotencyKeys } from '../../rows/idempotency/idempotency-keys.ts';
import { placed } from '../../rows/several/verbs.ts';
import { inTransaction, runBeforeSteps } from '../../rows/transaction.ts';
import { isObject } from '../../rows/validate.ts';
import type { Transaction } from '../../schema/caller.ts';
import { type Answer, answer, type Route, type RouteRequest, route } from '../../schema/routes/route.ts';
import { anyone } from '../../schema/rules.ts';
import { type InputReader, uniformInput } from '../requests/input.ts';
import { problemAnswer } from '../server/errors.ts';
import { answerOnce } from './idempotency.ts';
import { pathWith } from './uniform/route-names.ts';

const MAX_REQUESTS = 100;

const REQUEST = Type.Object(
  {
    method: Type.Unsafe<string>({ type: 'string', enum: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] }),
    path: Type.String({
      description: 'Such as `/v1/notes/7`. `{a.id}` in it is a member of the answer that is named a.',
    }),
    body: Type.Optional(
      Type.Unsafe<unknown>({
        description: '`{"$ref": "a.id"}` in it is a member of the answer that is named a.',
      }),
    ),
    ifMatch: Type.Optional(Type.String()),
    as: Type.Optional(Type.String({ pattern: '^[A-Za-z]\\w{0,63}$', description: 'A name for its answer.' })),
  },
  { additionalProperties: false },
);

const BODY = Type.Object(
  {
    requests: Type.Array(REQUEST, { minItems: 1, maxItems: MAX_REQUESTS }),
    atomic: Type.Optional(
      Type.Boolean({ default: true, description: 'All or none; else each by itself, answered with 207.' }),
    ),
  },
  { additionalProperties: false, examples: [{ requests: [{ method: 'GET', path: '/v1/RESOURCE/ID' }] }] },
);

const RESULTS = Type.Object({
  results: Type.Array(
    Type.Object({
      status: Type.Integer(),
      headers: Type.Unsafe<unknown>({ type: 'object', additionalProperties: { type: 'string' } }),
      body: Type.Optional(Type.Unsafe<unknown>({})),
    }),
  ),
});

/** One request of a batch. */
interface BatchItem {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly ifMatch?: string;
  readonly as?: string;
}

interface Result {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

interface Target {
  readonly route: Route;
  readonly pattern: RegExp;
  /** Compiled when it is first asked for. */
  read?: InputReader;
}

/** Reads and writes of rows in one request, in one transaction or each in its own. */
export function batchRoute(
  routes: readonly Route[],
  { store, idempotency, models }: Pick<Engine, 'store' | 'idempotency' | 'models'>,
): Route {
  const coded = [...models.values()].filter(({ resource }) => Object.keys(resource.before).length > 0);
  const withBefore = new Set(coded.map(({ name }) => name));
  const targets = routes
    // Reads and writes of one row, and creations; what a filter finds may be very much.
    .filter(({ method, path, options: { idempotent } }) => {
      if (method === 'GET') return path.endsWith('/:id');
      return idempotent === true && (method === 'POST' || path.includes(':'));
    })
    .map((each): Target => ({ route: each, pattern: patternOf(each.path) }));
  const options = {
    tag: 'batch',
    operationId: 'batch',
    summary: 'Several reads and writes of rows in one request',
    description:
      'In one transaction: where one fails, none is done, and its problem is answered. With `atomic: false` each is done by itself.',
    can: anyone,
    body: BODY,
    headers: ['Idempotency-Key'],
    raises: [
      'not_found',
      'illegal_transition',
      'precondition_failed',
      'precondition_required',
      'idempotency_key_in_use',
      'idempotency_key_reused',
    ] as const,
    answers: { 200: RESULTS, 207: RESULTS },
  };
  return route('POST', '/batch', options, async (request) => {
    const { requests, atomic = true } = request.body;
    const key = request.headers['idempotency-key'];
    if (!atomic) return answer(207, { results: await apart(targets, request, requests, idempotency) });
    const together = (one: RouteRequest) =>
      inTransaction(
        store,
        one,
        async (transaction) => {
          const joined = Object.assign(one, { transaction });
          await runBeforeSteps(
            transaction,
            independentSteps(targets, joined, { items: requests, withBefore }),
          );
          const results = await all(targets, joined, requests, (at) => transaction.startStep(at));
          const answered = answer(200, { results });
          await one.recordAct?.(transaction, answered);
          return answered;
        },
        { before: true },
      );
    return key === undefined ? together(request) : answerOnce(idempotency, request, together);
  });
}

/** Does all requests, one after the other. Throws the problem of the first that fails, with its place. */
async function all(
  targets: readonly Target[],
  request: RouteRequest,
  items: readonly BatchItem[],
  begin: (at: number) => void,
): Promise<Result[]> {
  const results: Result[] = [];
  const named = new Map<string, unknown>();
  for (const [at, item] of items.entries()) {
    try {
      begin(at);
      const { handle, own } = prepared(targets, request, item, named);
      const result = resultOf(await handle(own));
      if (item.as !== undefined) named.set(item.as, result.body);
      results.push(result);
    } catch (error) {
      throw placed(error, `/requests/${at}/body`);
    }
  }
  return results;
}

/**
 * Writes that name no answer of another request, and no row that a write before them names, by their places.
 *
 * @param withBefore resources with code of the app before writes.
 */
function independentSteps(
  targets: readonly Target[],
  request: RouteRequest,
  { items, withBefore }: { items: readonly BatchItem[]; withBefore: ReadonlySet<string> },
) {
  const steps = new Map<number, (transaction: Transaction) => Promise<unknown>>();
  const rows = new Set<string>();
  for (const [at, item] of items.entries()) {
    // `/v1/notes/7:publish` writes the row of `/v1/notes/7`; each of `/v1/notes` makes one of its own.
    const row = item.path.replace(/\?.*$/, '').replace(/:[^/:]*$/, '');
    const [, , resource = '', ...place] = row.split('/');
    const isNew = item.method === 'POST' && place.length === 0;
    if (item.method === 'GET' || rows.has(row) || !withBefore.has(resource)) continue;
    if (!isNew) rows.add(row);
    steps.set(at, async (transaction) => {
      const { handle, own } = prepared(targets, { ...request, transaction }, item, new Map());
      return handle(own);
    });
  }
  return steps;
}

/** Does each request by itself; its result may be a problem. */
async function apart(
  targets: readonly Target[],
  request: RouteRequest,
  items: readonly BatchItem[],
  idempotency: IdempotencyKeys,
): Promise<Result[]> {
  const results: Result[] = [];
  const named = new Map<string, unknown>();
  const key = request.headers['idempotency-key'];
  for (const [at, item] of items.entries()) {
    try {
      const { handle, own } = prepared(targets, request, item, named);
      const headers = { ...own.headers, 'idempotency-key': `${key} ${at}` };
      const once = key !== undefined && item.method !== 'GET';
      const result = resultOf(
        await (once ? answerOnce(idempotency, { ...own, headers }, handle) : handle(own)),
      );
      if (item.as !== undefined) named.set(item.as, result.body);
      results.push(result);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const { requestId = '' } = request.origin;
      const failed = {
        method: item.method,
        path: item.path,
        prefix: '',
        route: undefined,
        params: {},
        requestId,
      };
      const { status, body, headers = {} } = problemAnswer(error, failed);
      results.push({ status, headers, body });
    }
  }
  return results;
}

/** The handler of one request, and the request that it is to be called with. */
function prepared(
  targets: readonly Target[],
  request: RouteRequest,
  { method, path, body, ifMatch }: BatchItem,
  named: ReadonlyMap<string, unknown>,
) {
  const url = path.replace(/\{([^{}]*)\}/g, (_whole, reference: string) =>
    encodeURIComponent(String(referred(reference, named))),
  );
  const [place = '', search = ''] = url.split('?', 2);
  const found = targets
    .filter(({ route: { method: own } }) => own === method)
    .map((target) => ({ target, match: target.pattern.exec(place) }))
    .find(({ match }) => match);
  if (!found?.match)
    throw new Problem('invalid', {
      detail: `${method} ${place} is no read or write of rows.`,
      errors: [{ pointer: '', code: 'path', message: `there is no ${method} ${place} in a batch` }],
    });
  const { target, match } = found;
  target.read ??= uniformInput(target.route);
  const params = Object.fromEntries(
    Object.entries(match.groups ?? {}).map(([name, text]) => [name, decoded(text)]),
  );
  const query = Object.fromEntries(new URLSearchParams(search));
  const given = body === undefined ? undefined : resolved(body, named);
  // What a reader looks at of a request; credentials and headers were those of the batch.
  const read = { params, query, body: given, url, headers: {} } as unknown as FastifyRequest;
  const { caller, transaction, origin, signal, base } = request;
  const own: RouteRequest = {
    ...target.read(read),
    caller,
    origin,
    signal,
    base,
    ...(transaction && { transaction }),
    headers: ifMatch === undefined ? {} : { 'if-match': ifMatch },
    url,
    method,
  };
  // The types of a handler's request follow from its own route's schemas, which have just read it.
  const handle = target.route.handle as (request: RouteRequest) => Promise<Answer> | Answer;
  return { handle, own };
}

function resultOf({ status, headers = {}, body }: Answer): Result {
  return { status, headers, ...(body !== undefined && { body }) };
}

/** A body with the members of earlier answers in place of the references to them. */
function resolved(value: unknown, named: ReadonlyMap<string, unknown>): unknown {
  if (Array.isArray(value)) return value.map((each) => resolved(each, named));
  if (!isObject(value)) return value;
  const { $ref: reference, ...others } = value;
  if (typeof reference === 'string' && Object.keys(others).length === 0) return referred(reference, named);
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, resolved(each, named)]));
}

function referred(reference: string, named: ReadonlyMap<string, unknown>): unknown {
  const [name = '', ...path] = reference.split('.');
  let value = named.get(name);
  for (const member of path)
    value = isObject(value) && Object.hasOwn(value, member) ? value[member] : undefined;
  if (value !== undefined) return value;
  const error: FieldError = {
    pointer: '',
    code: 'reference',
    message: `'${reference}' is in no answer of an earlier request of the batch`,
  };
  throw new Problem('invalid', { detail: error.message, errors: [error] });
}

function patternOf(path: string): RegExp {
  return new RegExp(`^/v1${pathWith(path, (name) => `(?<${name}>[^/]+?)`)}$`);
}

/** Percent-encoding that is broken stays, for the schema to refuse. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
