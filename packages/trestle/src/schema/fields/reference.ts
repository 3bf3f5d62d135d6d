import { Type } from 'typebox';
import { type Field, type FieldOptions, type FieldTypes, field, type OnDelete } from '../field.ts';
import type { RowId } from '../id.ts';

export interface ReferenceOptions extends FieldOptions<RowId> {
  /** What becomes of this row when the other is deleted (default: `restrict`, a 409 while it exists). */
  onDelete?: OnDelete;
}

/** The faces of a reference name its target, so that its type is the target's own id type. */
export interface ReferenceFaces<Target extends string, O> extends FieldTypes {
  target: Target;
  null: O extends { nullable: true } ? null : never;
  input: O extends { nullable: true } | { default: unknown } ? 'optional' : 'required';
}

/** The id of a row of another resource of this app, by that resource's name. Has an index. */
export function reference<const Target extends string, const O extends ReferenceOptions = ReferenceOptions>(
  target: Target,
  options?: O,
): Field<ReferenceFaces<Target, O>> {
  const { onDelete = 'restrict', ...rest } = options ?? ({} as ReferenceOptions);
  // The column and schema of the target's id take the place of these when the app is compiled.
  const schema = Type.Union([Type.Integer(), Type.String()]);
  return field({
    kind: 'reference',
    column: 'integer',
    schema,
    ...rest,
    index: true,
    reference: { target, onDelete },
  });
}
