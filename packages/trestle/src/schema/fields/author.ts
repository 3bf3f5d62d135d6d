import { Type } from 'typebox';
import { RENAME } from '../checks/field-options.ts';
import { aBoolean, optionsOf } from '../checks/options.ts';
import { type Field, field, type ParentOptions, type RenameOptions, type ServerSet } from '../field.ts';
import { COMPARISONS, type FieldType } from '../field-type.ts';
import type { RowId } from '../id.ts';

/** The column, schema and comparisons of the accounts' ids take the place of these when the app is compiled. */
const ACCOUNT = {
  column: 'integer',
  isAccount: true,
  schema: Type.Union([Type.Integer(), Type.String()]),
  operators: COMPARISONS,
  expected: 'the id of an account',
  accepts: (value: unknown) => typeof value === 'number' || typeof value === 'string',
  fromText: (text: string) => text,
  toText: String,
  editor: 'account',
} as const;

/** Options of `author()`. */
export interface AuthorOptions extends RenameOptions, ParentOptions {}

const authorOptions = optionsOf<AuthorOptions>('author()', { ...RENAME, index: aBoolean });
const editorOptions = optionsOf<RenameOptions>('editor()', RENAME);

const AUTHOR: FieldType = {
  name: 'author',
  ...ACCOUNT,
  isOwner: true,
  server: { created: 'account' },
};

const EDITOR: FieldType = {
  name: 'editor',
  ...ACCOUNT,
  server: { created: 'account', edited: 'account' },
};

/**
 * The account that created the row: set by the server, never by a caller, and never changed. Has an index, which ends in the
 * order of the resource; with `index: false` only that which the deletion of an account needs.
 *
 * @example
 * resource({ fields: { author: author() }, can: { update: own('author') } });
 */
export function author(options?: AuthorOptions): Field<AuthorFaces> {
  return field(AUTHOR, options, authorOptions, { nullable: true, index: options?.index ?? true });
}

/**
 * The account that wrote the row last. Set by the server. Has an index.
 *
 * @example
 * resource({ fields: { edited_by: editor() } });
 */
export function editor(options?: RenameOptions): Field<ServerSet<RowId | null>> {
  return field(EDITOR, options, editorOptions, { nullable: true, index: true });
}

/**
 * Marks the fields that `own(...)` may name. Null where an anonymous caller created the row.
 *
 * @internal
 */
export interface AuthorFaces extends ServerSet<RowId | null> {
  author: true;
}
