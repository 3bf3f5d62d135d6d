import { Type } from 'typebox';
import { STATUS_CODES } from '../../node-http.ts';
import { PROBLEMS, Problem, type ProblemCode } from '../../problems.ts';
import { compileSchema } from '../../rows/validate.ts';
import type { Contract, FailedRequest } from '../../schema/routes/app-contract.ts';
import type { Route } from '../../schema/routes/route.ts';
import type { RouteTable } from '../routes/route-table.ts';
import { titled, typeName } from '../routes/uniform/route-names.ts';
import { problemAnswer } from '../server/errors.ts';
import { headerReferences } from './headers.ts';
import type { Components } from './schemas.ts';

const READ = { in: 'response', open: false } as const;

/** The errors of the uniform API (RFC 9457). */
const PROBLEM = titled(
  'Problem',
  Type.Object({
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    instance: Type.Optional(Type.String()),
    code: Type.Unsafe<string>({ type: 'string', enum: Object.keys(PROBLEMS) }),
    requestId: Type.String(),
    errors: Type.Optional(
      Type.Array(
        titled(
          'FieldError',
          Type.Object({
            pointer: Type.String(),
            code: Type.String(),
            message: Type.String(),
            params: Type.Optional(Type.Unsafe<unknown>({ type: 'object', additionalProperties: {} })),
            in: Type.Optional(Type.Unsafe<string>({ type: 'string', enum: ['body', 'query', 'path'] })),
          }),
        ),
      ),
    ),
    data: Type.Optional(Type.Unsafe<unknown>({ type: 'object', additionalProperties: {} })),
  }),
);

/** Any route of any app may fail like this, and in the same words. */
const EVERYWHERE: readonly ProblemCode[] = [
  'malformed',
  'not_acceptable',
  'target_too_long',
  'too_many_requests',
  'headers_too_large',
  'internal',
  'unavailable',
];

/** The Responses of an operation that failed, by status. */
export function failureResponses(
  route: Route,
  table: RouteTable,
  contract: Contract | undefined,
  components: Components,
): Record<string, unknown> {
  const found = failuresOf(route, table);
  const byStatus = new Map<number, { descriptions: Set<string>; examples: Record<string, unknown> }>();
  for (const problem of found) {
    const { status, body } =
      table.style === 'contract' && contract
        ? contract.errors(problem, failedRequest(route))
        : problemAnswer(problem, { ...failedRequest(route), path: '/v1/...' });
    const known = byStatus.get(status) ?? { descriptions: new Set(), examples: {} };
    byStatus.set(status, known);
    known.descriptions.add(PROBLEMS[problem.code].title);
    // `invalid`, and `invalid_2` for a second problem of the same code that is answered with the same status.
    let name: string = problem.code;
    for (let at = 2; name in known.examples; at += 1) name = `${problem.code}_${at}`;
    known.examples[name] ??= { value: body };
  }
  const shape = table.style === 'uniform' ? PROBLEM : contract?.errorShape;
  const schema = shape && components.refer(shape, READ);
  const type = table.style === 'uniform' ? 'application/problem+json' : 'application/json';
  const statuses = [...byStatus].sort(([a], [b]) => a - b);
  return Object.fromEntries(
    statuses.map(([status, { descriptions, examples }]) => {
      const response = {
        description: `${[...descriptions].join('; or: ')}.`,
        headers: headerReferences(['X-Request-Id', ...(HEADERS[status] ?? [])]),
        content: { [type]: { ...(shape && { schema }), examples } },
      };
      const name = `${table.style === 'contract' ? 'Contract' : ''}${typeName(STATUS_CODES[status] ?? String(status))}`;
      return [status, components.response(name, response)];
    }),
  );
}

/** Fields that go with a status, whoever refuses. */
const HEADERS: Readonly<Record<number, readonly string[]>> = {
  401: ['WWW-Authenticate'],
  429: ['Retry-After', 'RateLimit', 'RateLimit-Policy'],
  503: ['Retry-After'],
};

/** Every problem that a route may answer with, in the order of their statuses. */
function failuresOf(route: Route, { style }: RouteTable): Problem[] {
  const { method, options } = route;
  const { can, params, body, headers, idempotent, raises = [] } = options;
  const isUniform = style === 'uniform';
  const isWrite = method !== 'GET' || options.changes === true;
  const codes: ProblemCode[] = [...EVERYWHERE];
  if (can) codes.push('unauthenticated', 'invalid_token', 'invalid_key', 'forbidden');
  if (params) codes.push('not_found');
  // The same for all, so that the document says it once.
  if (isUniform) codes.push('unknown_parameter', 'invalid_query', 'invalid_cursor', 'unknown_field');
  if (body) codes.push('body_too_large', 'unsupported_media_type');
  if (body && isUniform) codes.push('invalid');
  if (isWrite) codes.push('storage_full');
  if (isWrite && isUniform) codes.push('conflict');
  if (idempotent) codes.push('idempotency_key_in_use', 'idempotency_key_reused');
  if (headers?.includes('If-Match') && idempotent) codes.push('precondition_required');
  if (headers?.includes('If-Match')) codes.push('precondition_failed');
  const own = raises.map((each) => (each instanceof Problem ? each : sampleProblem(each, route)));
  const all = [
    ...codes.map((code) => sampleProblem(code, route)),
    ...(isUniform ? [] : invalidInputs(route)),
    ...own,
  ];
  return all.sort((a, b) => a.status - b.status);
}

/** Problems of a code, but for `not_found` the same for every route. */
const SAMPLES = new Map<ProblemCode, Problem>();

/** A problem of a code with the facts that contracts' words are made of. */
function sampleProblem(code: ProblemCode, { path }: Route): Problem {
  const segments = path.split('/').filter((segment) => segment !== '' && !segment.startsWith(':'));
  if (code === 'not_found') return new Problem(code, { data: { resource: segments.at(0) ?? '', id: 1 } });
  const sample = SAMPLES.get(code) ?? new Problem(code);
  SAMPLES.set(code, sample);
  return sample;
}

/** Inputs that do not fit, as a contract is told of them: each part of a request in each way that it can be wrong. */
function invalidInputs({ options: { params, query, body, checkQuery = true } }: Route): Problem[] {
  const parts = [
    ...[params].map((schema) => ({ schema, part: 'path' as const })),
    ...(checkQuery ? [query] : []).map((schema) => ({ schema, part: 'query' as const })),
    ...[body].map((schema) => ({ schema, part: 'body' as const })),
  ];
  const found = new Map<string, Problem>();
  for (const { schema, part } of parts) {
    if (!schema) continue;
    const check = compileSchema(schema);
    const properties: Record<string, Limits> = 'properties' in schema ? Object(schema.properties) : {};
    // Refused are: no object, one without members, and each member of another type, too short or too long.
    const members = Object.entries(properties).flatMap(([name, { maxLength }]) => [
      { [name]: part === 'body' ? [] : 'x' },
      { [name]: '' },
      { [name]: -1 },
      ...(maxLength === undefined ? [] : [{ [name]: 'x'.repeat(maxLength + 1) }]),
    ]);
    for (const wrong of part === 'body' ? [{}, null, ...members] : members) {
      const errors = check(wrong).map((error) =>
        part === 'body' ? { in: part, ...error } : { ...error, pointer: error.pointer.slice(1), in: part },
      );
      const [first] = errors;
      if (first) found.set(`${part} ${first.code}`, new Problem('invalid', { errors: errors.slice(0, 1) }));
    }
  }
  return [...found.values()];
}

interface Limits {
  maxLength?: number;
}

/** The request that an example answers. */
function failedRequest(route: Route): FailedRequest {
  const params = Object.keys(
    Object(
      route.options.params && 'properties' in route.options.params ? route.options.params.properties : {},
    ),
  );
  return {
    method: route.method,
    path: route.path,
    prefix: '',
    route,
    params: Object.fromEntries(params.map((name) => [name, '1'])),
    requestId: '019ac2f0-5c00-7000-8000-000000000001',
  };
}
