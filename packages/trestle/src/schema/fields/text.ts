import { Type } from 'typebox';
import { type Faces, type Field, type FieldOptions, field } from '../field.ts';

export interface TextOptions extends FieldOptions<string> {
  /** Fewest characters, counted in Unicode code points (default: 0). */
  min?: number;
  /** Most characters, counted in Unicode code points (default: 100,000). */
  max?: number;
  /** A regular expression the whole text must match, without flags but `u`. Keep it free of nested repetition: it runs on callers' input. */
  pattern?: RegExp;
  /** `search=` looks into this field (default: false). */
  search?: boolean;
}

/** A text. Compared and sorted by code point on both databases. */
export function text<const O extends TextOptions = TextOptions>(options?: O): Field<Faces<string, O>> {
  const { min = 0, max = 100_000, pattern, ...rest } = options ?? ({} as TextOptions);
  const schema = Type.String({
    ...(min > 0 && { minLength: min }),
    maxLength: max,
    ...(pattern && { pattern: whole(pattern) }),
  });
  return field({ kind: 'text', column: 'text', schema, ...rest });
}

/** JSON Schema looks for a pattern anywhere in a text, and reads it with the flag `u` and no other. */
function whole(pattern: RegExp): string {
  if (!/^u?$/.test(pattern.flags))
    throw new TypeError(
      `text({ pattern: ${pattern} }): only the flag u is kept; write the others into the pattern`,
    );
  return `^(?:${pattern.source})$`;
}
