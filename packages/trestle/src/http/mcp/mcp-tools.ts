import { Type } from 'typebox';
import { Problem } from '../../problems.ts';
import type { Model } from '../../rows/model.ts';
import { type Action, standings } from '../../rows/policy.ts';
import type { Caller } from '../../schema/caller.ts';
import type { Route } from '../../schema/routes/route.ts';
import { operationIdOf } from '../routes/uniform/route-names.ts';

/** A tool of an app: one of its uniform routes, for callers who may use it. */
export interface Tool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: { readonly type: 'object'; readonly [member: string]: unknown };
  readonly annotations: { readonly readOnlyHint: boolean; readonly destructiveHint: boolean };
  /** Whether the caller is offered it. Rows are refused by the route itself. */
  isFor(caller: Caller): boolean;
  /** The request of the route for the arguments of a call, which fit. Throws `invalid` for those that do not. */
  requestOf(given: Readonly<Record<string, unknown>>): ToolRequest;
}

export interface ToolRequest {
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
  const { summary, description, params, query, body, can } = route.options;
  const action = actionOf(route);
  const isRead = action === 'read';
  const path = propertiesOf(params);
  // The parameters of a filter, one for each field and operator, as one object.
  const parameters = Object.entries(propertiesOf(query));
  const search = {
    ...Object.fromEntries(parameters.filter(([name]) => !name.includes('['))),
    ...(parameters.some(([name]) => name.startsWith('filter[')) && { filter: FILTER }),
  };
  const name = operationIdOf(route, prefix);
  const known = [...Object.keys(path), ...Object.keys(search), ...(body ? ['body'] : [])];
  const required = [...Object.keys(path), ...(body && route.options.bodyRequired !== false ? ['body'] : [])];
  const standingOf = can && standings(can, isRead);
  return {
    name,
    title: summary,
    description: description ? `${summary}. ${description}` : summary,
    inputSchema: {
      type: 'object',
      properties: { ...path, ...search, ...(body && { body }) },
      required,
      additionalProperties: false,
    },
    annotations: { readOnlyHint: isRead, destructiveHint: action === 'delete' },
    // Who signs in by hand reads; to let a program write is to make it a key that says so.
    isFor: (caller) =>
      policy.admits(caller, action) &&
      (standingOf?.(caller).decision ?? 'allow') === 'allow' &&
      (isRead || caller.kind === 'key'),
    requestOf(given) {
      requireArguments(given, { name, known, required, inPath: Object.keys(path) });
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

/** Throws `invalid` for arguments that are no request of a tool. */
function requireArguments(
  given: Readonly<Record<string, unknown>>,
  tool: Record<'known' | 'required' | 'inPath', readonly string[]> & { readonly name: string },
): void {
  const refuse = (name: string, reason: string) => {
    throw new Problem('invalid', { detail: `The argument ${name}: ${reason}` });
  };
  // One that was left out unseen could be the filter of the rows that are to be deleted.
  for (const name of Object.keys(given))
    if (!tool.known.includes(name)) refuse(name, `${tool.name} takes ${tool.known.join(', ') || 'none'}.`);
  for (const name of tool.required)
    if (given[name] === undefined || given[name] === null) refuse(name, 'it is required.');
  // In a URL they stand for another path.
  for (const name of tool.inPath)
    if (/^\.{0,2}$/.test(String(given[name]))) refuse(name, 'no row has this value in its path.');
}

/** The action of a route on rows; an operation and a transition have their own rule. */
function actionOf({ method, path, options }: Route): Action {
  if (method === 'GET' || options.safe) return 'read';
  if (method === 'DELETE') return 'delete';
  const [, verb] = /::(\w+)$/.exec(path) ?? [];
  if (verb === 'createMany') return 'create';
  if (verb !== undefined) return `:${verb}`;
  return method === 'POST' ? 'create' : 'update';
}

function propertiesOf(schema: unknown): Readonly<Record<string, unknown>> {
  return (schema as { properties?: Record<string, unknown> } | undefined)?.properties ?? {};
}

/** The conditions of a filter as parameters: of a field, its operators, or, where it refers to a row, of fields of that. */
function* filterEntries(
  filter: Readonly<Record<string, unknown>>,
  path = 'filter',
): Generator<[string, string]> {
  for (const [key, value] of Object.entries(filter)) {
    const name = `${path}[${key}]`;
    if (name === 'filter[or]') yield [name, JSON.stringify(value)];
    // A comma inside a value of a list is escaped.
    else if (Array.isArray(value))
      yield [name, value.map((item) => String(item).replace(/[\\,]/g, '\\$&')).join(',')];
    else if (typeof value === 'object' && value !== null) yield* filterEntries(Object(value), name);
    else yield [name, String(value)];
  }
}
