import { Type } from 'typebox';
import { type Field, type FieldOptions, type FieldTypes, field, requireNestable } from '../field.ts';
import { JSON_VALUE } from './json.ts';

export interface ListOptions extends FieldOptions<readonly unknown[]> {
  /** Minimum number of items (default: 0). */
  min?: number;
  /** Maximum number of items (default: 1,000). */
  max?: number;
}

export interface ListFaces<T extends FieldTypes, O> extends FieldTypes {
  read: T['read'][] | (O extends { nullable: true } ? null : never);
  write: readonly T['write'][] | (O extends { nullable: true } ? null : never);
  input: O extends { nullable: true } | { default: unknown } ? 'optional' : 'required';
}

/** An array of values of one field, kept as JSON in one column: `list(text())`, `list(object({ title: text() }))`. */
export function list<T extends FieldTypes, const O extends ListOptions = ListOptions>(
  item: Field<T>,
  options?: O,
): Field<ListFaces<T, O>> {
  requireNestable('list()', item);
  const { min = 0, max = 1000, ...rest } = options ?? ({} as ListOptions);
  const { schema, normalize, complete } = item.type;
  const type = {
    ...JSON_VALUE,
    name: 'list',
    schema: Type.Array(schema, { ...(min > 0 && { minItems: min }), maxItems: max }),
    editor: 'list',
    ...(normalize && {
      normalize: (value: unknown) =>
        Array.isArray(value) ? value.map((each: unknown) => normalize(each)) : value,
    }),
    ...(complete && { complete: (value: unknown) => (value as unknown[]).map((each) => complete(each)) }),
  };
  return field(type, rest);
}
