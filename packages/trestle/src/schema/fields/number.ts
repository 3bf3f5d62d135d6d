import { Type } from 'typebox';
import { type Faces, type Field, field } from '../field.ts';
import type { RangeOptions } from './integer.ts';

/** A finite double-precision number; NaN and infinities do not exist in JSON and are refused. */
export function number<const O extends RangeOptions = RangeOptions>(options?: O): Field<Faces<number, O>> {
  const { min, max, ...rest } = options ?? ({} as RangeOptions);
  const schema = Type.Number({
    ...(min !== undefined && { minimum: min }),
    ...(max !== undefined && { maximum: max }),
  });
  return field({ kind: 'number', column: 'number', schema, ...rest });
}
