import type { TSchema } from 'typebox';
import { audienceOf } from '../../rows/rules/caller-class.ts';
import { compileSchema, isObject } from '../../rows/validate.ts';
import type { Contract } from '../../schema/routes/app-contract.ts';
import type { Route } from '../../schema/routes/route.ts';
import type { RouteTable } from '../routes/route-table.ts';
import { operationIdOf, titled, typeName } from '../routes/uniform/route-names.ts';
import { failureResponses } from './failures.ts';
import { headerReferences } from './headers.ts';
import type { Components, Use } from './schemas.ts';
import { securityOf } from './security.ts';

/** Shared by the operations of one table. */
interface OperationContext {
  table: RouteTable;
  contract: Contract | undefined;
  components: Components;
  hasSignIn: boolean;
}

/** One route as an Operation Object (OpenAPI 3.1, 4.8.10). */
export function operationOf(route: Route, context: OperationContext): Record<string, unknown> {
  const { summary, description, params, query, body, headers = [], idempotent } = route.options;
  const { table, contract, components, hasSignIn } = context;
  return {
    operationId: operationIdOf(route, table.prefix),
    summary,
    description: [description, whoMay(route)].filter((text) => text !== undefined).join(' '),
    tags: [tagOf(route)],
    parameters: [
      ...parameters(params, 'path', components),
      ...parameters(query, 'query', components),
      ...[...headers, ...(idempotent ? ['Idempotency-Key'] : [])].map((name) => ({
        name,
        in: 'header',
        required: false,
        schema: { type: 'string' },
      })),
    ],
    ...(body && { requestBody: requestBody(route, body, context) }),
    responses: { ...answers(route, components), ...failureResponses(route, table, contract, components) },
    security: securityOf(table, route, hasSignIn),
  };
}

/** The group of a route: the first segment of its path, where it names none. */
export function tagOf({ path, options }: Route): string {
  return options.tag ?? path.split(/[/:]/).find((segment) => segment !== '') ?? 'root';
}

function whoMay({ options: { can } }: Route): string {
  switch (can && audienceOf(can)) {
    case 'accounts':
      return 'For callers with an access token or an API key.';
    case 'administrator':
      return 'For the administrator.';
    case 'everyone':
      return 'For everybody.';
    default:
      return 'For everybody; credentials are not looked at.';
  }
}

function parameters(schema: TSchema | undefined, part: 'path' | 'query', components: Components): unknown[] {
  const properties = schema && 'properties' in schema && isObject(schema.properties) ? schema.properties : {};
  const required = schema && 'required' in schema && Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(properties).map(([name, member]) => {
    const { description, ...rest } = isObject(member) ? member : {};
    return {
      name,
      in: part,
      required: part === 'path' || required.includes(name),
      ...(typeof description === 'string' && { description }),
      schema: components.refer(rest, { in: 'request', open: false }),
    };
  });
}

/**
 * Bodies are named, by the operation where they have no name of their own: generators of clients would make one up that
 * may clash with another. Uniform bodies are shown as JSON alone, which every client can send; the forms of contracts are
 * part of them.
 */
function requestBody(route: Route, body: TSchema, { table, components }: OperationContext): unknown {
  const { method, options } = route;
  const isUniform = table.style === 'uniform';
  const use: Use = { in: 'request', open: !isUniform };
  const isNamed = 'title' in body || !('properties' in body);
  const name = `${typeName(operationIdOf(route, table.prefix))}Body`;
  const schema = components.refer(isNamed ? body : titled(name, body), use);
  const json = { 'application/json': { schema } };
  const form = { 'application/x-www-form-urlencoded': { schema } };
  const { bodyRequired = isUniform || method !== 'DELETE' } = options;
  return {
    required: bodyRequired || compileSchema(body)({}).length > 0,
    // Swagger UI offers the first: for signing in that is the form OAuth2 has.
    content: isUniform ? json : options.signsIn ? { ...form, ...json } : { ...json, ...form },
  };
}

function answers({ options }: Route, components: Components): Record<string, unknown> {
  const { produces = 'application/json', sends = [], idempotent } = options;
  const headers = ['X-Request-Id', ...sends, ...(idempotent ? ['Idempotent-Replayed'] : [])];
  return Object.fromEntries(
    Object.entries(options.answers).map(([status, schema]) => [
      status,
      {
        description: DESCRIPTIONS[status] ?? 'The answer.',
        headers: headerReferences(headers),
        ...(schema && {
          content: { [produces]: { schema: components.refer(schema, { in: 'response', open: false }) } },
        }),
      },
    ]),
  );
}

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  200: 'Done.',
  201: 'Created.',
  202: 'Accepted; the operation says how it goes.',
  204: 'Done; there is no body.',
  304: 'Unchanged since the version that If-None-Match names.',
};
