import { Type } from 'typebox';
import { COMMON } from '../checks/field-options.ts';
import { expects, optionsOf, rangeMistakes } from '../checks/options.ts';
import { type Faces, type Field, type FieldOptions, field } from '../field.ts';
import { COMPARISONS, only } from '../field-type.ts';
import { FINITE } from './number.ts';

/** Options of `integer()` and `number()`. */
export interface RangeOptions extends FieldOptions<number> {
  /** Minimum (default: none). */
  min?: number;
  /** Maximum (default: none). */
  max?: number;
}

/** All of the type but for its name and bounds; ids and counters have it too. */
export const INTEGER = {
  column: 'integer',
  operators: COMPARISONS,
  expected: 'an integer',
  accepts: Number.isSafeInteger,
  fromText: (text: string): unknown => (/^-?\d{1,16}$/.test(text) ? Number(text) : text),
  toText: String,
  editor: 'number',
  sums: FINITE.sums,
  conversions: {
    number: only(Number.isSafeInteger),
    boolean: { isLossless: true, convert: Number },
    decimal: { convert: (value: unknown) => only(Number.isSafeInteger).convert(Number(value)) },
    json: only(Number.isSafeInteger),
    text: {
      convert: (value: unknown) => {
        const number = Number(value);
        return Number.isSafeInteger(number) && String(number) === value ? number : undefined;
      },
    },
  },
} as const;

const bound = expects('an integer within ±(2^53-1)', Number.isSafeInteger);
const check = optionsOf<RangeOptions>('integer()', { ...COMMON, min: bound, max: bound });

/**
 * An integer between -(2^53-1) and 2^53-1, which JSON carries without loss (RFC 8259, section 6).
 *
 * @example
 * integer({ min: 0, max: 5, nullable: true });
 */
export function integer<const O extends RangeOptions = RangeOptions>(options?: O): Field<Faces<number, O>> {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = options ?? ({} as RangeOptions);
  const type = { ...INTEGER, name: 'integer', schema: Type.Integer({ minimum: min, maximum: max }) };
  return field(type, options, (given) => [...check(given), ...rangeMistakes(given)]);
}
