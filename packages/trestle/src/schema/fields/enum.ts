import { Type } from 'typebox';
import { type Faces, type Field, type FieldOptions, field } from '../field.ts';

/** One of the given texts: `oneOf(['draft', 'published'], { default: 'draft' })`. */
export function oneOf<const V extends string, const O extends FieldOptions<V> = FieldOptions<V>>(
  values: readonly V[],
  options?: O,
): Field<Faces<V, O>> {
  const schema = Type.Unsafe<V>({ type: 'string', enum: [...values] });
  return field({ kind: 'enum', column: 'text', schema, ...options });
}
