import type { Value } from './store.ts';

/** A piece of SQL: words, and between each two of them a value that is bound. Made by `sql`, and part of other pieces. */
export class Sql {
  readonly words: readonly string[];
  readonly values: readonly unknown[];

  constructor(words: readonly string[], values: readonly unknown[] = []) {
    this.words = words;
    this.values = values;
  }

  /** The text of a dialect, which says what stands for the value of a position (from 1). */
  text(placeholder: (position: number) => string): string {
    return this.words.reduce((text, word, at) => text + placeholder(at) + word);
  }
}

/**
 * SQL as it is written: `` sql`select title from ${sql.id('books')} where id = ${param('id')}` ``. What stands in it is
 * another piece, put in as it is, or a value, which is bound and so never becomes SQL.
 */
export function sql(words: readonly string[], ...parts: readonly unknown[]): Sql {
  const [first = '', ...others] = words;
  const joined = [first];
  const values: unknown[] = [];
  const append = (word: string) => joined.push((joined.pop() ?? '') + word);
  for (const [at, part] of parts.entries()) {
    const piece = part instanceof Sql ? part : new Sql(['', ''], [part]);
    const [head = '', ...rest] = piece.words;
    append(head);
    joined.push(...rest);
    values.push(...piece.values);
    append(others[at] ?? '');
  }
  return new Sql(joined, values);
}

/** The name of a table, a column or an index. */
sql.id = (name: string): Sql => new Sql([quoted('"', name)]);

/** A column, with its table where there are several: `books.id`. */
sql.ref = (path: string): Sql =>
  new Sql([
    path
      .split('.')
      .map((name) => quoted('"', name))
      .join('.'),
  ]);

/** SQL as it stands. Never a caller's. */
sql.raw = (text: string): Sql => new Sql([text]);

/** A value in the text itself, where nothing can be bound: in a column's default, in a migration. */
sql.lit = (value: Value): Sql => {
  if (value instanceof Uint8Array) throw new TypeError('bytes cannot stand in the text of a statement');
  return new Sql([typeof value === 'string' ? quoted("'", value) : String(value)]);
};

/** Pieces and values one after another (default: with commas between). */
sql.join = (parts: readonly unknown[], between: Sql = sql`, `): Sql => {
  const pieces = parts.flatMap((part, at) => (at === 0 ? [part] : [between, part]));
  return sql(
    Array.from({ length: pieces.length + 1 }, () => ''),
    ...pieces,
  );
};

function quoted(mark: string, text: string): string {
  return mark + text.replaceAll(mark, mark + mark) + mark;
}
