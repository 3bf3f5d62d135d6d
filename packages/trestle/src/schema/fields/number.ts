import { Type } from 'typebox';
import { COMMON } from '../checks/field-options.ts';
import { aNumber, optionsOf, rangeMistakes } from '../checks/options.ts';
import { type Faces, type Field, field } from '../field.ts';
import { COMPARISONS, type FieldType, only } from '../field-type.ts';
import type { RangeOptions } from './integer.ts';

/** All of the type but for its bounds; sums have it too. */
export const FINITE = {
  name: 'number',
  column: 'number',
  operators: COMPARISONS,
  expected: 'a number',
  accepts: Number.isFinite,
  fromText: (text: string) => exactNumber(text) ?? text,
  toText: String,
  editor: 'number',
  sums: (): FieldType => ({ ...FINITE, schema: Type.Number() }),
  conversions: {
    integer: { isLossless: true, convert: Number },
    boolean: { isLossless: true, convert: Number },
    // Fifteen digits are kept by every double.
    decimal: {
      convert: (value: unknown) => (/^-?0*(\d\.?){1,15}$/.test(String(value)) ? Number(value) : undefined),
    },
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
  return field({ ...FINITE, schema }, options, (given) => [...check(given), ...rangeMistakes(given)]);
}

/** A number as JSON writes it (RFC 8259, section 6). */
const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/**
 * The number that a text says; undefined for a text that is no number, and for one that would change on its way through
 * a double: too large, too small, or an integer beyond 2^53 whose digits a double does not keep. So whatever is answered
 * can be sent back: 1e20 and 100000000000000000000 are taken, 9007199254740993 is not.
 */
export function exactNumber(text: string): number | undefined {
  const match = NUMBER.exec(text);
  if (!match) return undefined;
  const value = Number(text);
  if (!Number.isFinite(value)) return undefined;
  if (value === 0) return /[1-9]/.test(significand(match)) ? undefined : value;
  if (!Number.isInteger(value) || Number.isSafeInteger(value)) return value;
  const kept = NUMBER.exec(String(value));
  return kept && decimal(match) === decimal(kept) ? value : undefined;
}

function significand([, , integer = '', fraction = '']: RegExpExecArray): string {
  return integer + fraction;
}

/** Its digits without zeros at the ends, and the power of ten: the same for every way to write a number. */
function decimal(match: RegExpExecArray): string {
  const [, sign, , fraction = '', power = '0'] = match;
  const digits = significand(match).replace(/^0+/, '');
  const short = digits.replace(/0+$/, '');
  return `${sign}${short}e${Number(power) - fraction.length + digits.length - short.length}`;
}
