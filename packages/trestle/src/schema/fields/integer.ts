import { Type } from 'typebox';
import { type Faces, type Field, type FieldOptions, field } from '../field.ts';

export interface RangeOptions extends FieldOptions<number> {
  /** The least value (default: none). */
  min?: number;
  /** The greatest value (default: none). */
  max?: number;
}

/** A whole number between −(2^53−1) and 2^53−1, the ones JSON carries without loss (RFC 8259, section 6). */
export function integer<const O extends RangeOptions = RangeOptions>(options?: O): Field<Faces<number, O>> {
  const {
    min = Number.MIN_SAFE_INTEGER,
    max = Number.MAX_SAFE_INTEGER,
    ...rest
  } = options ?? ({} as RangeOptions);
  const schema = Type.Integer({ minimum: min, maximum: max });
  return field({ kind: 'integer', column: 'integer', schema, ...rest });
}
