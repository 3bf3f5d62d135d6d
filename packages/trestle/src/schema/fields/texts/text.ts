import { Type } from 'typebox';
import { COMMON } from '../../checks/field-options.ts';
import { aBoolean, aCount, aString, expects, optionsOf, rangeMistakes } from '../../checks/options.ts';
import { type Faces, type Field, type FieldOptions, field } from '../../field.ts';
import { type FieldType, STRING } from '../../field-type.ts';

/** Options of `text()`. */
export interface TextOptions extends FieldOptions<string> {
  /** Minimum length in Unicode code points (default: 0). */
  min?: number;
  /** Maximum length in Unicode code points (default: 100,000; where it is in an index, 255). */
  max?: number;
  /** Remove white space at both ends, before everything else is checked (default: false). */
  trim?: boolean;
  /**
   * A regular expression, used as it is written: it may match anywhere unless it has `^` and `$`. No flag but `u`.
   * Keep it free of nested repetition: it runs on callers' input (default: any text).
   */
  pattern?: RegExp;
  /** The error of a value that does not match `pattern` (default: `must match PATTERN`). */
  message?: string;
  /** `search=` looks into this field (default: false). */
  search?: boolean;
}

const check = optionsOf<TextOptions>('text()', {
  ...COMMON,
  min: aCount,
  max: aCount,
  trim: aBoolean,
  pattern: expects('a regular expression without flags but u', (value: unknown) => {
    if (!(value instanceof RegExp) || !/^u?$/.test(value.flags)) return false;
    try {
      return new RegExp(value.source, 'u').flags === 'u';
    } catch {
      return false;
    }
  }),
  message: aString,
  search: aBoolean,
});

const MAX_LENGTH = 100_000;
/** The default of a text in an index: PostgreSQL takes 2,704 bytes there, and a cursor holds the value. */
const MAX_INDEXED_LENGTH = 255;

/**
 * A string. Compared by code point on both databases; without an index it is sorted by its first 255 characters.
 *
 * @example
 * text({ min: 1, max: 200, search: true });
 */
export function text<const O extends TextOptions = TextOptions>(options?: O): Field<Faces<string, O>> {
  return field(textType(options ?? {}, MAX_LENGTH), options, (given) => [
    ...check(given),
    ...rangeMistakes(given),
  ]);
}

function textType(options: TextOptions, defaultMax: number): FieldType {
  const { min = 0, max = Math.max(min, defaultMax), trim, pattern, message } = options;
  const schema = Type.String({
    ...(min > 0 && { minLength: min }),
    maxLength: max,
    ...(pattern instanceof RegExp && { pattern: pattern.source }),
    ...(message !== undefined && { 'x-message': message }),
    ...(trim && { 'x-trim': true }),
  });
  return {
    name: 'text',
    column: 'text',
    ...STRING,
    schema,
    maxLength: max,
    ...(options.max === undefined && { indexed: () => textType(options, MAX_INDEXED_LENGTH) }),
    ...(trim && { normalize: (value: unknown) => (typeof value === 'string' ? value.trim() : value) }),
  };
}
