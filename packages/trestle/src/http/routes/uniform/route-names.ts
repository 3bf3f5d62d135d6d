import { type TSchema, Type } from 'typebox';
import type { Route } from '../../../schema/routes/route.ts';

/** A schema under a name: in the documentation it stands once, among the components, and is referred to. */
export function titled(title: string, schema: TSchema): TSchema {
  return Type.Unsafe({ ...schema, title });
}

/** `projects` as a name of types: `Projects`; `sales_items` is `SalesItems`. */
export function typeName(name: string): string {
  const words = name.match(/[A-Za-z0-9]+/g) ?? [];
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

/** One row of a resource as a name of types: `Project` of `projects`, `Entry` of `entries`, `News` of `news`. */
export function rowName(name: string): string {
  const plural = typeName(name);
  if (/(?:ss|us|is|news|series)$/i.test(plural)) return plural;
  if (/[^aeiou]ies$/i.test(plural)) return `${plural.slice(0, -3)}y`;
  // Statuses, boxes, branches, dishes; but caches, houses, uses and sizes lose the s alone.
  if (/(?:[b-df-np-z]us|ss|x|[nrt]ch|sh|tz)es$/.test(plural)) return plural.slice(0, -2);
  return plural.replace(/s$/i, '');
}

/**
 * The path of a verb on one row, `POST /v1/keys/{id}:roll`, as the router has it: an id may hold colons itself, and ends
 * before the last one.
 */
export function verbPath(collection: string, verb: string): string {
  // Not a dot, which leaves out line breaks: an id is opaque here, and whatever it holds is for its service to refuse.
  return `/${collection}/:id([^]+)::${verb}`;
}

/** A path of the router in another notation: `parameter` writes each parameter, `::` is a colon. */
export function pathWith(path: string, parameter: (name: string) => string): string {
  return path.replace(/::|:(\w+)(?:\([^)]*\))?/g, (_piece, name?: string) =>
    name === undefined ? ':' : parameter(name),
  );
}

/** `/keys/:id([^:/]+)::roll` as OpenAPI writes it: `/keys/{id}:roll`. */
export function templateOf(path: string): string {
  return pathWith(path, (name) => `{${name}}`);
}

/** `GET /projects/:id` is `getProjectsId` where the route names itself not. */
export function operationIdOf({ method, path, options }: Route, prefix: string): string {
  return options.operationId ?? `${method.toLowerCase()}${typeName(templateOf(prefix + path))}`;
}
