import { Type } from 'typebox';
import { COMMON } from '../../checks/field-options.ts';
import { expects, isStrings, optionsOf } from '../../checks/options.ts';
import { type Faces, type Field, type FieldOptions, field } from '../../field.ts';
import { STRING } from '../../field-type.ts';

const checkOptions = optionsOf<FieldOptions<string>>('oneOf()', COMMON);
const checkValues = expects(
  "an array of different strings: oneOf(['draft', 'published'])",
  (values) => isStrings(values) && values.length > 0 && new Set(values).size === values.length,
);

/**
 * One of the given strings.
 *
 * @example
 * oneOf(['draft', 'published'], { default: 'draft' });
 */
export function oneOf<const V extends string, const O extends FieldOptions<V> = FieldOptions<V>>(
  values: readonly V[],
  options?: O,
): Field<Faces<V, O>> {
  const known = isStrings(values) ? [...values] : [];
  const schema = Type.Unsafe<V>({ type: 'string', enum: known });
  const maxLength = Math.max(0, ...known.map((value) => value.length));
  const type = { name: 'oneOf', column: 'text', ...STRING, schema, maxLength, editor: 'select' } as const;
  return field(type, options ?? {}, (given) => [...checkValues(values), ...checkOptions(given)]);
}
