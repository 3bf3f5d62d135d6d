import type { TSchema } from 'typebox';
import { PROBLEMS, type ProblemCode } from '../../problems.ts';
import type { Route } from '../../schema/route.ts';
import { isRecord } from '../requests/input.ts';
import type { RouteTable } from '../routes/route-table.ts';
import type { Components } from './schemas.ts';
import { securityOf } from './security.ts';

/** What the operations of one table have in common. */
export interface OperationContext {
  table: RouteTable;
  components: Components;
  /** Of error answers; undefined where a contract does not say. */
  errorShape: TSchema | undefined;
  hasSignIn: boolean;
}

/** `/keys/:id([^:/]+)::roll` as OpenAPI writes it: `/keys/{id}:roll`. */
export function templateOf(path: string): string {
  return path.replace(/::|:(\w+)(?:\([^)]*\))?/g, (_piece, name?: string) => (name ? `{${name}}` : ':'));
}

/** One route as an Operation Object (OpenAPI 3.1, 4.8.10). */
export function operationOf(route: Route, context: OperationContext): Record<string, unknown> {
  const { summary, params, query, body, can, headers } = route.options;
  const { table, components } = context;
  return {
    operationId: operationId(route, table.prefix),
    summary,
    tags: [tagOf(route, table)],
    parameters: [
      ...parameters(params, 'path', components),
      ...parameters(query, 'query', components),
      ...headerParameters(headers),
    ],
    ...(body && { requestBody: requestBody(route, body, components) }),
    responses: responses(route, context),
    security: securityOf(table, can, context.hasSignIn),
  };
}

/** Under which heading a route stands; the uniform ones under their own, apart from a contract's of the same name. */
export function tagOf({ options }: Route, { prefix, style }: RouteTable): string {
  const tag = options.tag ?? style;
  return style === 'uniform' ? `${prefix.slice(1)}/${tag}` : tag;
}

/** `GET /v1/projects/{id}` is `get_v1_projects_id`. */
function operationId(route: Route, prefix: string): string {
  const words = templateOf(prefix + route.path).match(/[A-Za-z0-9_]+/g) ?? ['root'];
  return [route.method.toLowerCase(), ...words].join('_');
}

function parameters(schema: TSchema | undefined, part: 'path' | 'query', components: Components): unknown[] {
  const properties = schema && 'properties' in schema && isRecord(schema.properties) ? schema.properties : {};
  const required = schema && 'required' in schema && Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(properties).map(([name, member]) => {
    const { description, ...rest } = isRecord(member) ? member : {};
    return {
      name,
      in: part,
      required: part === 'path' || required.includes(name),
      ...(typeof description === 'string' && { description }),
      ...(rest.type === 'object' && { style: 'deepObject', explode: true }),
      schema: components.refer(rest),
    };
  });
}

/** Request header fields that the route goes by. */
function headerParameters(names: readonly string[] = []): unknown[] {
  return names.map((name) => ({ name, in: 'header', required: false, schema: { type: 'string' } }));
}

function requestBody(route: Route, body: TSchema, components: Components): unknown {
  const schema = components.refer(body);
  const json = { 'application/json': { schema } };
  const form = { 'application/x-www-form-urlencoded': { schema } };
  const patch = route.method === 'PATCH' ? { 'application/merge-patch+json': { schema } } : {};
  // Swagger UI offers the first: for signing in that is the form OAuth2 has.
  return {
    required: true,
    content: route.options.signsIn ? { ...form, ...json } : { ...json, ...patch, ...form },
  };
}

function responses(route: Route, context: OperationContext): Record<string, unknown> {
  const { table, components, errorShape } = context;
  const declared = Object.entries(route.options.answers).map(([status, schema]) => [
    status,
    {
      description: DESCRIPTIONS[status] ?? 'The answer',
      ...(schema && { content: { [typeOf(route, table, status)]: { schema: components.refer(schema) } } }),
    },
  ]);
  const failures =
    table.style === 'uniform' ? uniformFailures(route, context) : contractFailure(errorShape, components);
  return { ...failures, ...Object.fromEntries(declared) };
}

function typeOf({ options }: Route, { style }: RouteTable, status: string): string {
  if (Number(status) < 400) return options.produces ?? 'application/json';
  return style === 'uniform' ? 'application/problem+json' : 'application/json';
}

/** A contract's errors have one shape, whatever their statuses. */
function contractFailure(errorShape: TSchema | undefined, components: Components): Record<string, unknown> {
  const content = errorShape && { content: { 'application/json': { schema: components.refer(errorShape) } } };
  return { default: { description: 'An error', ...content } };
}

function uniformFailures(
  route: Route,
  { components, errorShape }: OperationContext,
): Record<string, unknown> {
  const content = errorShape && { 'application/problem+json': { schema: components.refer(errorShape) } };
  const { method, options } = route;
  const codes: ProblemCode[] = [
    'malformed',
    'not_acceptable',
    'headers_too_large',
    'target_too_long',
    'too_many_requests',
    'internal',
    'unavailable',
  ];
  const writes = method !== 'GET';
  // What takes credentials refuses bad ones: in the header under a rule, in the body where tokens are handed out.
  if (options.can || options.body) codes.push('unauthenticated');
  if (options.can) codes.push('forbidden');
  if (options.params) codes.push('not_found');
  if (options.body) codes.push('body_too_large', 'unsupported_media_type', 'invalid');
  if (writes) codes.push('conflict', 'storage_full');
  if (writes && options.params) codes.push('precondition_failed');
  return Object.fromEntries(
    codes
      .sort((a, b) => PROBLEMS[a].status - PROBLEMS[b].status)
      .map((code) => [PROBLEMS[code].status, { description: PROBLEMS[code].title, content }]),
  );
}

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  200: 'Done',
  201: 'Created; Location names it',
  202: 'Accepted; Location names the operation',
  204: 'Done; there is no body',
  304: 'Unchanged since the version that If-None-Match names',
};
