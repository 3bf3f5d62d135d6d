import { Type } from 'typebox';
import { RENAME } from '../../checks/field-options.ts';
import { aCount, aString, oneWordOf, optionsOf } from '../../checks/options.ts';
import { type Field, type FieldTypes, field, type RenameOptions } from '../../field.ts';
import type { RowId } from '../../id.ts';

/** Options of `references()`. */
export interface ReferencesOptions extends RenameOptions {
  /** Maximum number of ids (default: 100). */
  max?: number;
  /** Deletion of a row that is referred to: refused with a 409, or its id leaves the arrays (default: `'restrict'`). */
  onDelete?: 'restrict' | 'remove';
}

/**
 * The types of references name their target, so that their type is an array of the target's own ids.
 *
 * @internal
 */
export interface ReferencesFaces<Target extends string> extends FieldTypes {
  target: Target;
  list: true;
  null: never;
  input: 'optional';
}

const check = optionsOf<ReferencesOptions>('references()', {
  ...RENAME,
  max: aCount,
  onDelete: oneWordOf(['restrict', 'remove']),
});

/**
 * Rows of another resource, or of the same one, in an order: an array of different ids on the wire, and a link table in the
 * database. Left out of a new row, it is empty. Lists are filtered by one of them: `filter[tags][has]=7`.
 *
 * @example
 * const articles = resource({ fields: { title: text(), tags: references('tags', { max: 20 }) } });
 */
export function references<const Target extends string>(
  target: Target,
  options?: ReferencesOptions,
): Field<ReferencesFaces<Target>> {
  const { max = 100, onDelete = 'restrict' } = options ?? {};
  const type = {
    name: 'references',
    column: 'json',
    // The schema and the comparisons of the target's ids take the place of these when the app is compiled.
    schema: Type.Array(Type.Union([Type.Integer(), Type.String()]), { maxItems: max, uniqueItems: true }),
    operators: ['has'],
    expected: 'the id of a row',
    accepts: (value: unknown): value is RowId => typeof value === 'number' || typeof value === 'string',
    fromText: (text: string): unknown => text,
    toText: (value: unknown): string => JSON.stringify(value),
    editor: 'references',
    relation: { kind: 'links', resource: target, max, onDelete },
  } as const;
  return field(type, options ?? {}, (given) => [...aString(target), ...check(given)], { default: [] });
}
