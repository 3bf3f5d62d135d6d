import { Type } from 'typebox';
import { type Field, type FieldOptions, type FieldTypes, field, requireNestable } from '../field.ts';

export interface ListOptions extends FieldOptions<readonly unknown[]> {
  /** Fewest items (default: 0). */
  min?: number;
  /** Most items (default: 1,000). */
  max?: number;
}

export interface ListFaces<T extends FieldTypes, O> extends FieldTypes {
  read: T['read'][] | (O extends { nullable: true } ? null : never);
  write: readonly T['write'][] | (O extends { nullable: true } ? null : never);
  input: O extends { nullable: true } | { default: unknown } ? 'optional' : 'required';
}

/** A list of values of one field, kept as JSON in one column: `list(text())`, `list(object({ title: text() }))`. */
export function list<T extends FieldTypes, const O extends ListOptions = ListOptions>(
  item: Field<T>,
  options?: O,
): Field<ListFaces<T, O>> {
  requireNestable('list()', item);
  const { min = 0, max = 1000, ...rest } = options ?? ({} as ListOptions);
  const schema = Type.Array(item.schema, { ...(min > 0 && { minItems: min }), maxItems: max });
  const { normalize, complete } = item;
  return field({
    kind: 'list',
    column: 'json',
    schema,
    ...rest,
    ...(normalize && {
      normalize: (value: unknown) => (Array.isArray(value) ? value.map(normalize) : value),
    }),
    ...(complete && { complete: (value: unknown) => (value as unknown[]).map(complete) }),
  });
}
