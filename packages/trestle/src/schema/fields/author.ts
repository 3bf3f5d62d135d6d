import { Type } from 'typebox';
import { RENAME } from '../checks/field-options.ts';
import { optionsOf } from '../checks/options.ts';
import { type Field, field, type RenameOptions, type ServerSet } from '../field.ts';
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

const authorOptions = optionsOf<RenameOptions>('author()', RENAME);
const editorOptions = optionsOf<RenameOptions>('editor()', RENAME);

const INDEXED = { nullable: true, index: true };

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
 * The account that created the row: set by the server, never by a caller, and never changed. Has an index.
 *
 * @example
 * resource({ fields: { author: author() }, can: { update: own('author') } });
 */
export function author(options?: RenameOptions): Field<AuthorFaces> {
  return field(AUTHOR, options, authorOptions, INDEXED);
}

/**
 * The account that wrote the row last. Set by the server. Has an index.
 *
 * @example
 * resource({ fields: { edited_by: editor() } });
 */
export function editor(options?: RenameOptions): Field<ServerSet<RowId | null>> {
  return field(EDITOR, options, editorOptions, INDEXED);
}

/**
 * Marks the fields that `own(…)` may name. Null where an anonymous caller created the row.
 *
 * @internal
 */
export interface AuthorFaces extends ServerSet<RowId | null> {
  author: true;
}
