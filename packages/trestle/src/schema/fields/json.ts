import { Type } from 'typebox';
import { type Faces, type Field, type FieldOptions, field, type JsonValue } from '../field.ts';

/** Any JSON value, kept as it came. For shapes that are known, `object()` and `list()` check more. */
export function json<const O extends FieldOptions<JsonValue> = FieldOptions<JsonValue>>(
  options?: O,
): Field<Faces<JsonValue, O>> {
  return field({ kind: 'json', column: 'json', schema: Type.Unsafe<JsonValue>({}), ...options });
}
