import { Type } from 'typebox';
import { type Faces, type Field, type FieldOptions, field } from '../field.ts';
import { STRING } from '../field-type.ts';

/** One of the given strings: `oneOf(['draft', 'published'], { default: 'draft' })`. */
export function oneOf<const V extends string, const O extends FieldOptions<V> = FieldOptions<V>>(
  values: readonly V[],
  options?: O,
): Field<Faces<V, O>> {
  const schema = Type.Unsafe<V>({ type: 'string', enum: [...values] });
  return field({ name: 'oneOf', column: 'text', ...STRING, schema, editor: 'select' }, options);
}
