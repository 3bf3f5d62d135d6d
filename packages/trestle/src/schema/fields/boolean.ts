import { Type } from 'typebox';
import { type Faces, type Field, type FieldOptions, field } from '../field.ts';

/** True or false. */
export function boolean<const O extends FieldOptions<boolean> = FieldOptions<boolean>>(
  options?: O,
): Field<Faces<boolean, O>> {
  return field({ kind: 'boolean', column: 'boolean', schema: Type.Boolean(), ...options });
}
