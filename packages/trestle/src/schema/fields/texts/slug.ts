import { Type } from 'typebox';
import { RENAME } from '../../checks/field-options.ts';
import { aBoolean, mistake, optionsOf } from '../../checks/options.ts';
import { type Field, field, type RenameOptions, type ServerSet } from '../../field.ts';
import { STRING } from '../../field-type.ts';

/** Options of `slug()`. */
export interface SlugOptions extends RenameOptions {
  /** A change of the source changes the slug too, and old addresses are 404 then (default: false). */
  follow?: boolean;
}

/** Room is left for what tells a second one of the same words. */
const MAX_LENGTH = 100;
const MAX_WORDS_LENGTH = 88;

const check = optionsOf<SlugOptions>('slug()', { ...RENAME, follow: aBoolean });

/**
 * A unique text for addresses, made of another text field: `How to Train!` becomes `how-to-train`, a second one
 * `how-to-train-2`. Set by the server on creation; rows that are older than the field get theirs at the next start.
 *
 * @param source the text field it is made of.
 *
 * @example
 * const articles = resource({ fields: { title: text({ max: 200 }), slug: slug('title', { follow: true }) } });
 * // GET /v1/articles/by/slug/how-to-train
 */
export function slug(source: string, options?: SlugOptions): Field<ServerSet<string>> {
  const type = {
    name: 'slug',
    column: 'text',
    ...STRING,
    schema: Type.String({ minLength: 1, maxLength: MAX_LENGTH }),
    maxLength: MAX_LENGTH,
    server: {},
    derived: { from: source, follows: options?.follow ?? false, candidates },
  } as const;
  return field(
    type,
    options ?? {},
    (given) => [
      ...(typeof source === 'string' ? [] : [mistake('', 'slug() needs the name of a text field')]),
      ...check(given),
    ],
    { unique: true },
  );
}

/** Candidates, the best first; of the last there is no second. */
function candidates(source: unknown): string[] {
  // Letters and digits of every script in lower case, without accents where Latin has them; dashes for the rest.
  const folded = String(source ?? '')
    .normalize('NFKD')
    .replace(/(\p{Script=Latin})\p{M}+/gu, '$1')
    .normalize('NFC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}]+/gu, '-')
    .replace(/^-+/, '');
  const words = Array.from(folded).slice(0, MAX_WORDS_LENGTH).join('').replace(/-+$/, '');
  const random = Math.random().toString(36).slice(2, 10).padEnd(8, '0');
  if (words === '') return [random];
  return [words, ...[2, 3, 4, 5, 6, 7, 8, 9].map((number) => `${words}-${number}`), `${words}-${random}`];
}
