import { type TSchema, Type } from 'typebox';

/** A schema under a name: in the documentation it stands once, among the components, and is referred to. */
export function titled(title: string, schema: TSchema): TSchema {
  return Type.Unsafe({ ...schema, title });
}

/** `projects` as a name of types: `Projects`; `sales_items` is `SalesItems`. */
export function typeName(name: string): string {
  return name.replace(/(^|_)([A-Za-z0-9])/g, (_match, _dash, letter: string) => letter.toUpperCase());
}
