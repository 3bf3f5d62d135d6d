import { Type } from 'typebox';
import { COMMON } from '../checks/field-options.ts';
import { aNumber, optionsOf, rangeMistakes } from '../checks/options.ts';
import { exactNumber } from '../exact-number.ts';
import { type Faces, type Field, field } from '../field.ts';
import { COMPARISONS, only } from '../field-type.ts';
import type { RangeOptions } from './integer.ts';

const NUMBER = {
  name: 'number',
  column: 'number',
  operators: COMPARISONS,
  expected: 'a number',
  accepts: Number.isFinite,
  fromText: (text: string) => exactNumber(text) ?? text,
  toText: String,
  editor: 'number',
  conversions: {
    integer: { isLossless: true, convert: Number },
    boolean: { isLossless: true, convert: Number },
    json: only(Number.isFinite),
    text: { convert: (value: unknown) => exactNumber(String(value)) },
  },
} as const;

const check = optionsOf<RangeOptions>('number()', { ...COMMON, min: aNumber, max: aNumber });

/**
 * A finite double-precision number; NaN and infinities do not exist in JSON and are rejected.
 *
 * @example
 * number({ min: 0 });
 */
export function number<const O extends RangeOptions = RangeOptions>(options?: O): Field<Faces<number, O>> {
  const { min, max } = options ?? ({} as RangeOptions);
  const schema = Type.Number({
    ...(min !== undefined && { minimum: min }),
    ...(max !== undefined && { maximum: max }),
  });
  return field({ ...NUMBER, schema }, options, (given) => [...check(given), ...rangeMistakes(given)]);
}
