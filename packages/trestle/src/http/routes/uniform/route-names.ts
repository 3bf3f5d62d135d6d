import { type TSchema, Type } from 'typebox';

/** A schema under a name: in the documentation it stands once, among the components, and is referred to. */
export function titled(title: string, schema: TSchema): TSchema {
  return Type.Unsafe({ ...schema, title });
}

/** `projects` as a name of types: `Projects`; `sales_items` is `SalesItems`. */
export function typeName(name: string): string {
  return name.replace(/(^|_)([A-Za-z0-9])/g, (_match, _dash, letter: string) => letter.toUpperCase());
}

/**
 * The path of a verb on one row, `POST /v1/keys/{id}:roll`, as the router has it: an id may hold colons itself, and ends
 * before the last one.
 */
export function verbPath(collection: string, verb: string): string {
  // Not a dot, which leaves out line breaks: an id is opaque here, and whatever it holds is for its service to refuse.
  return `/${collection}/:id([^]+)::${verb}`;
}
