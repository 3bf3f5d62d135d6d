import { Type } from 'typebox';
import { COMMON } from '../checks/field-options.ts';
import { expects, mistake, optionsOf } from '../checks/options.ts';
import { type Faces, type Field, type FieldOptions, field } from '../field.ts';
import { COMPARISONS, type FieldType, fits } from '../field-type.ts';

/** Both databases keep this many. */
const MAX_DIGITS = 38;

/** Options of `decimal()`. */
export interface DecimalOptions extends FieldOptions<string> {
  /** Digits in all: at most 38. */
  digits: number;
  /** Digits after the point. */
  scale: number;
}

const digits = expects(
  `an integer from 1 to ${MAX_DIGITS}`,
  (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_DIGITS,
);
const scale = expects('an integer from 0', (value) => Number.isInteger(value) && Number(value) >= 0);
const check = optionsOf<DecimalOptions>('decimal()', { ...COMMON, digits, scale });

/**
 * An exact decimal number, such as an amount of money: a string on the wire (`"12.50"`), with as many digits after the
 * point as declared. Compared and sorted as a number. No binary fraction is ever made of it, in code or in a database.
 *
 * @example
 * const invoices = resource({ fields: { total: decimal({ digits: 12, scale: 2, default: '0' }) } });
 */
export function decimal<const O extends DecimalOptions = DecimalOptions>(
  options: O,
): Field<Faces<string, O>> {
  return field(decimalType(options?.digits ?? 1, options?.scale ?? 0), options ?? {}, (given) => [
    ...check(given),
    ...(['digits', 'scale'] as const).flatMap((name) =>
      options?.[name] === undefined
        ? [mistake('', `decimal() needs ${name}: decimal({ digits: 12, scale: 2 })`)]
        : [],
    ),
    ...(options?.scale > options?.digits ? [mistake('', 'decimal() has a scale above its digits')] : []),
  ]);
}

function decimalType(digits: number, scale: number): FieldType {
  const whole = digits - scale;
  const integer = whole > 1 ? `(0|[1-9]\\d{0,${whole - 1}})` : whole === 1 ? '\\d' : '0';
  const pattern = `^-?${integer}${scale > 0 ? `(\\.\\d{1,${scale}})?` : ''}$`;
  const schema = Type.String({
    pattern,
    maxLength: digits + 3,
    'x-message': `must be a decimal number with at most ${whole} digits before and ${scale} after the point, such as "${scale > 0 ? `0.${'5'.padEnd(scale, '0')}` : '5'}"`,
  });
  const isDecimal = fits(schema);
  const operand = new RegExp(`^-?\\d{1,${MAX_DIGITS}}(\\.\\d{0,${scale}}0*)?$`);
  const asDecimal = (value: unknown) => {
    const text = normalize(typeof value === 'number' ? String(value) : value);
    return isDecimal(text) ? text : undefined;
  };
  return {
    name: 'decimal',
    column: 'decimal',
    schema,
    operators: COMPARISONS,
    expected: `a decimal number with at most ${scale} digits after the point`,
    accepts: (value) => typeof value === 'string' && operand.test(value),
    fromText: (text) => text,
    toText: String,
    editor: 'decimal',
    scale,
    sums: () => decimalType(MAX_DIGITS, scale),
    normalize,
    // Exactly so many digits after the point. Zero has no sign.
    complete: (value) => {
      const [units = '', fraction = ''] = String(normalize(value)).split('.');
      const text = scale > 0 ? `${units}.${fraction.padEnd(scale, '0')}` : units;
      return /[1-9]/.test(text) ? text : text.replace('-', '');
    },
    conversions: {
      integer: { convert: asDecimal },
      number: { convert: asDecimal },
      text: { convert: asDecimal },
      json: { convert: asDecimal },
    },
  };
}

/** A decimal without zeros at the end of its fraction: `12.500` is `12.5`. */
function normalize(value: unknown): unknown {
  return typeof value === 'string' && /^-?\d+\.\d*$/.test(value) ? value.replace(/\.?0*$/, '') : value;
}
