import template, { empty, join, raw, type Sql } from 'sql-template-tag';
import type { Value } from './store.ts';

export type { Sql };

/**
 * SQL as it is written: `` sql`select title from ${sql.id('books')} where id = ${param('id')}` ``. What stands in it is
 * another piece, put in as it is, or a value, which is bound and so never becomes SQL.
 */
export function sql(words: TemplateStringsArray, ...parts: readonly unknown[]): Sql {
  return template(words, ...parts);
}

/** The name of a table, a column or an index. */
sql.id = (name: string): Sql => raw(quoted('"', name));

/** A column, with its table where there are several: `books.id`. */
sql.ref = (path: string): Sql => join(path.split('.').map(sql.id), '.');

/** SQL as it stands. Never a caller's. */
sql.raw = raw;

/** A value in the text itself, where nothing can be bound: in a column's default, in a migration. */
sql.lit = (value: Value): Sql => {
  if (value instanceof Uint8Array) throw new TypeError('bytes cannot stand in the text of a statement');
  return raw(typeof value === 'string' ? quoted("'", value) : String(value));
};

/** Pieces and values one after another; with commas between them, or words such as ` and `. */
sql.join = (parts: readonly unknown[], between = ', '): Sql =>
  parts.length > 0 ? join(parts, between) : empty;

function quoted(mark: string, text: string): string {
  return mark + text.replaceAll(mark, mark + mark) + mark;
}
