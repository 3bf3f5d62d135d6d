import { type TSchema, Type } from 'typebox';
import {
  type Faces,
  type Field,
  type FieldOptions,
  type FieldTypes,
  field,
  normalizeMembers,
  normalizers,
  requireNestable,
} from '../field.ts';
import type { Fields } from '../resource.ts';
import type { Readable, Writable } from '../row-types.ts';

/** A nested object of declared fields, kept as JSON in one column. Unknown members are refused. */
export function object<
  const F extends Fields,
  const O extends FieldOptions<Readable<F>> = FieldOptions<Readable<F>>,
>(fields: F, options?: O): Field<ObjectFaces<F, O>> {
  const properties: Record<string, TSchema> = {};
  for (const [name, member] of Object.entries(fields)) {
    if (name in Object.prototype)
      throw new TypeError(
        `object({ ${name} }): every object of JavaScript has one already; choose another name`,
      );
    requireNestable(`object({ ${name} })`, member);
    const schema = member.nullable ? Type.Union([member.schema, Type.Null()]) : member.schema;
    const optional = member.nullable || member.default !== undefined;
    properties[name] = optional ? Type.Optional(schema) : schema;
  }
  const normalizing = normalizers(Object.entries(fields));
  const schema = Type.Object(properties, { additionalProperties: false });
  return field({
    kind: 'object',
    column: 'json',
    schema,
    ...(normalizing.length > 0 && { normalize: (value) => normalizeMembers(normalizing, value) }),
    complete: (value) => completed(fields, value),
    ...options,
  });
}

export interface ObjectFaces<F extends Fields, O> extends FieldTypes {
  read: Faces<Readable<F>, O>['read'];
  write: Faces<Writable<F>, O>['write'];
  input: Faces<unknown, O>['input'];
}

/** The members in declared order, with the defaults of those left out. */
function completed(fields: Fields, value: unknown): unknown {
  const given = value as Record<string, unknown>;
  const result: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(fields)) {
    const present = given[name] === undefined ? (member.default ?? null) : given[name];
    result[name] = present !== null && member.complete ? member.complete(present) : present;
  }
  return result;
}
