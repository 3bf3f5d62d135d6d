import type { FieldError } from '../../problems.ts';
import type { TextRule } from '../../schema/accounts.ts';

/** What is wrong with a text by a rule of lengths and patterns; an empty list where nothing is. Lengths are code points. */
export function textErrors(pointer: string, value: unknown, rule: TextRule): FieldError[] {
  if (value === undefined) return [{ pointer, code: 'required', message: 'this field is required' }];
  if (typeof value !== 'string')
    return [{ pointer, code: 'type', message: 'expected a string', params: { type: 'string' } }];
  const length = codePoints(value, rule.max);
  if (length < rule.min) return [tooShort(pointer, rule.min)];
  if (length > rule.max)
    return [
      {
        pointer,
        code: 'max_length',
        message: `expected at most ${rule.max} characters`,
        params: { limit: rule.max },
      },
    ];
  // A lone surrogate would be stored as another character, and PostgreSQL keeps no NUL.
  const keepable = value.isWellFormed() && !value.includes('\0');
  if (keepable && (rule.patterns ?? []).every((pattern) => matches(pattern, value))) return [];
  return [
    { pointer, code: 'pattern', message: 'has characters, or an order of them, that are not taken here' },
  ];
}

function tooShort(pointer: string, limit: number): FieldError {
  const message = limit === 1 ? 'may not be empty' : `expected at least ${limit} characters`;
  return { pointer, code: 'min_length', message, params: { limit } };
}

/** Code points of a text; of one that is longer than twice `most` in UTF-16, only that it is longer. */
function codePoints(value: string, most: number): number {
  return value.length > 2 * most ? value.length : [...value].length;
}

/** A pattern with the `g` or `y` flag keeps a position between calls; start from the beginning each time. */
function matches(pattern: RegExp, value: string): boolean {
  pattern.lastIndex = 0;
  return pattern.test(value);
}
