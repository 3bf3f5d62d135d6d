import { Type } from 'typebox';
import { type Field, field, type RenameOptions, type ServerSet } from '../field.ts';
import type { RowId } from '../id.ts';

const schema = Type.Union([Type.Integer(), Type.String()]);

/** The account that created the row: set by the server, never by a caller, and never changed. Has an index. */
export function author(options?: RenameOptions): Field<AuthorFaces> {
  return field({
    kind: 'author',
    column: 'account',
    schema,
    nullable: true,
    index: true,
    automatic: 'author',
    ...options,
  });
}

/** The account that wrote the row last. Has an index. */
export function editor(options?: RenameOptions): Field<ServerSet<RowId | null>> {
  return field({
    kind: 'editor',
    column: 'account',
    schema,
    nullable: true,
    index: true,
    automatic: 'editor',
    ...options,
  });
}

/** Marks the fields that `own(…)` may name. Null where an anonymous caller created the row. */
export interface AuthorFaces extends ServerSet<RowId | null> {
  author: true;
}
