import { Type } from 'typebox';
import type { Model } from '../../rows/model.ts';
import type { Action } from '../../rows/policy.ts';
import type { Caller } from '../../schema/caller.ts';
import type { Route } from '../../schema/routes/route.ts';
import { operationIdOf } from '../openapi/operation.ts';

/** A tool of an app: one of its uniform routes, for callers who may use it. */
export interface Tool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: { readonly type: 'object'; readonly [member: string]: unknown };
  readonly annotations: { readonly readOnlyHint: boolean; readonly destructiveHint: boolean };
  /** Whether the caller is offered it. Rows are refused by the route itself. */
  isFor(caller: Caller): boolean;
  /** The request of the route for the arguments of a call. */
  requestOf(given: Readonly<Record<string, unknown>>): ToolRequest;
}

interface ToolRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly body?: unknown;
}

const FILTER = Type.Unsafe({
  type: 'object',
  description:
    'Conditions, all of which must hold: {"FIELD": {"OPERATOR": value}}, such as {"title": {"icontains": "draft"}}; ' +
    '`or` holds an array of such filters.',
});

/** The tools of the rows of an app's resources. Event streams are no tools. */
export function toolsOf(
  models: ReadonlyMap<string, Model>,
  routes: readonly Route[],
  prefix: string,
): ReadonlyMap<string, Tool> {
  const tools = new Map<string, Tool>();
  for (const route of routes) {
    const model = models.get(route.options.tag ?? '');
    if (!model || route.options.produces !== undefined) continue;
    const tool = toolOf(model, route, prefix);
    tools.set(tool.name, tool);
  }
  return tools;
}

function toolOf({ policy }: Model, route: Route, prefix: string): Tool {
  const { summary, description, params, query, body } = route.options;
  const action = actionOf(route);
  const isRead = action === 'read';
  const path = propertiesOf(params);
  // The parameters of a filter, one for each field and operator, as one object.
  const parameters = Object.entries(propertiesOf(query));
  const search = {
    ...Object.fromEntries(parameters.filter(([name]) => !name.includes('['))),
    ...(parameters.some(([name]) => name.startsWith('filter[')) && { filter: FILTER }),
  };
  return {
    name: operationIdOf(route, prefix),
    title: summary,
    description: description ? `${summary}. ${description}` : summary,
    inputSchema: {
      type: 'object',
      properties: { ...path, ...search, ...(body && { body }) },
      required: [...Object.keys(path), ...(body && route.options.bodyRequired !== false ? ['body'] : [])],
      additionalProperties: false,
    },
    annotations: { readOnlyHint: isRead, destructiveHint: action === 'delete' },
    // Who signs in by hand reads; to let a program write is to make it a key that says so.
    isFor: (caller) => policy.admits(caller, action) && (isRead || caller.kind === 'key'),
    requestOf(given) {
      const inPath = route.path.replace(/(?<!:):(?!:)(\w+)(?:\([^)]*\))?/g, (_, name: string) =>
        encodeURIComponent(String(given[name] ?? '')),
      );
      const asked = new URLSearchParams();
      for (const [name, value] of Object.entries(given)) {
        if (!(name in search) || value === undefined || value === null) continue;
        if (name !== 'filter') asked.set(name, String(value));
        else for (const [key, text] of filterEntries(Object(value))) asked.append(key, text);
      }
      const url = `${prefix}${inPath.replaceAll('::', ':')}${asked.size === 0 ? '' : `?${asked}`}`;
      return { method: route.method, url, ...(body && { body: given.body }) };
    },
  };
}

/** The action of a route on rows; an operation and a transition have their own rule. */
function actionOf({ method, path }: Route): Action {
  if (method === 'GET') return 'read';
  if (method === 'DELETE') return 'delete';
  const [, verb] = /::(\w+)$/.exec(path) ?? [];
  if (verb !== undefined) return `:${verb}`;
  return method === 'POST' ? 'create' : 'update';
}

function propertiesOf(schema: unknown): Readonly<Record<string, unknown>> {
  return (schema as { properties?: Record<string, unknown> } | undefined)?.properties ?? {};
}

/** The conditions of a filter as parameters. A comma inside a value of a list is escaped. */
function* filterEntries(filter: Readonly<Record<string, unknown>>): Generator<[string, string]> {
  for (const [field, condition] of Object.entries(filter)) {
    if (field === 'or') yield ['filter[or]', JSON.stringify(condition)];
    else if (typeof condition !== 'object' || condition === null)
      yield [`filter[${field}]`, String(condition)];
    else
      for (const [operator, value] of Object.entries(condition))
        yield [
          `filter[${field}][${operator}]`,
          Array.isArray(value)
            ? value.map((item) => String(item).replace(/[\\,]/g, '\\$&')).join(',')
            : String(value),
        ];
  }
}
