import { Type } from 'typebox';
import { COMMON, isField } from '../checks/field-options.ts';
import { aCount, below, expects, mistakesOf, optionsOf, rangeMistakes } from '../checks/options.ts';
import { type Field, type FieldOptions, type FieldTypes, field, requireNestable } from '../field.ts';
import { JSON_VALUE } from './json.ts';

/** Options of `list()`. */
export interface ListOptions extends FieldOptions<readonly unknown[]> {
  /** Minimum number of items (default: 0). */
  min?: number;
  /** Maximum number of items (default: 1,000). */
  max?: number;
}

/** @internal */
export interface ListFaces<T extends FieldTypes, O> extends FieldTypes {
  read: T['read'][] | (O extends { nullable: true } ? null : never);
  write: readonly T['write'][] | (O extends { nullable: true } ? null : never);
  input: O extends { nullable: true } | { default: unknown } ? 'optional' : 'required';
}

const checkItem = expects('a field such as text() as its item', isField);
const checkOptions = optionsOf<ListOptions>('list()', { ...COMMON, min: aCount, max: aCount });

/**
 * An array of values of one field, stored as JSON in one column.
 *
 * @example
 * list(object({ title: text(), done: boolean() }), { max: 20, default: [] });
 */
export function list<T extends FieldTypes, const O extends ListOptions = ListOptions>(
  item: Field<T>,
  options?: O,
): Field<ListFaces<T, O>> {
  const made = isField(item) ? item : undefined;
  if (made) requireNestable('list()', made);
  const { min = 0, max = 1000 } = options ?? ({} as ListOptions);
  const { schema, normalize, complete } = made?.type ?? { schema: Type.Unknown() };
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
  return field(type, options ?? {}, (given) => [
    ...checkItem(item),
    ...(made ? below('[]', mistakesOf(made)) : []),
    ...checkOptions(given),
    ...rangeMistakes(given),
  ]);
}
