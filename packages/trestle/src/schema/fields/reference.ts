import { Type } from 'typebox';
import { COMMON } from '../checks/field-options.ts';
import { aString, oneWordOf, optionsOf } from '../checks/options.ts';
import { type Field, type FieldOptions, type FieldTypes, field, type ParentOptions } from '../field.ts';
import { COMPARISONS, type OnDelete } from '../field-type.ts';
import type { RowId } from '../id.ts';

/** Options of `reference()`. */
export interface ReferenceOptions extends Omit<FieldOptions<RowId>, 'index'>, ParentOptions {
  /** Action on this row when the other is deleted (default: `restrict`, a 409 while it exists). */
  onDelete?: OnDelete;
}

/** The column, schema and comparisons of the target's id take the place of these when the app is compiled. */
export const REFERENCE = {
  column: 'integer',
  schema: Type.Union([Type.Integer(), Type.String()]),
  operators: COMPARISONS,
  expected: 'the id of a row',
  accepts: (value: unknown): boolean => typeof value === 'number' || typeof value === 'string',
  fromText: (text: string): unknown => text,
  toText: String,
  editor: 'reference',
} as const;

/**
 * The types of a reference name its target, so that its type is the target's own id type.
 *
 * @internal
 */
export interface ReferenceFaces<Target extends string, O> extends FieldTypes {
  target: Target;
  null: O extends { nullable: true } ? null : never;
  input: O extends { nullable: true } | { default: unknown } ? 'optional' : 'required';
}

const check = optionsOf<ReferenceOptions>('reference()', {
  ...COMMON,
  onDelete: oneWordOf(['cascade', 'restrict', 'setNull']),
});

/**
 * The id of a row of another resource of this app, by that resource's name. Has an index, which ends in the order of the
 * resource; with `index: false` only that which the deletion of the other row needs.
 *
 * @example
 * reference('projects', { onDelete: 'cascade' });
 */
export function reference<const Target extends string, const O extends ReferenceOptions = ReferenceOptions>(
  target: Target,
  options?: O,
): Field<ReferenceFaces<Target, O>> {
  const { onDelete = 'restrict', index = true } = options ?? ({} as ReferenceOptions);
  const type = { ...REFERENCE, name: 'reference', reference: { target, onDelete } };
  return field(type, options ?? {}, (given) => [...aString(target), ...check(given)], { index });
}
