import type { StoredKind } from '../../schema/field-type.ts';
import type { Dialect } from '../dialect.ts';
import type { SearchIndex, SearchSql } from '../search/search-index.ts';
import { sql } from '../sql.ts';
import { type Statement, statement } from '../statement.ts';
import { arrayLiteral } from './array-literal.ts';

/** The classes of a lexeme, the most weighty first; `ts_rank` takes the weights in the other order. */
const CLASSES = ['A', 'B', 'C', 'D'] as const;

/** Places in a tsvector end here. */
const MAX_PLACE = 16_383;

/**
 * A `tsvector` in a table beside the rows, under a GIN index. No parser or dictionary of PostgreSQL takes part: the words come as
 * they are to be indexed. Each has the number of its field before it, so that a search looks into those fields alone that its
 * caller may read.
 */
export function postgresSearch(
  dialect: Dialect,
  index: SearchIndex,
  types: Readonly<Record<StoredKind, string>>,
): SearchSql {
  const { name, rows, idKind, fields } = index;
  const table = sql.table(name);
  const [heaviest = 1, ...others] = [...new Set(fields.map(({ weight }) => weight))].sort((a, b) => b - a);
  const weights = [heaviest, ...others];
  const ranks = CLASSES.map((_, at) => (weights[at] ?? 0) / heaviest).reverse();
  const classes = fields.map(({ weight }) => CLASSES[weights.indexOf(weight)] ?? 'D');
  let write: Statement | undefined;
  return {
    create: [
      sql`create table ${table} (_row ${sql.raw(dialect.columnType(idKind))} primary key references ${sql.table(rows)} (id) on delete cascade, words tsvector not null)`,
      sql`create index ${sql.id(`${name}_words`)} on ${table} using gin (words)`,
    ],
    drop: [sql`drop table ${table}`],
    async put(transaction, all) {
      if (all.length === 0) return;
      write ??= statement(
        dialect,
        sql`insert into ${table} (_row, words) select id, text::tsvector from unnest(${sql.raw(`$1::${types[idKind]}[], $2::text[]`)}) as given (id, text)
        on conflict (_row) do update set words = excluded.words`,
      );
      const vectors = all.map(({ words }) => {
        const places = new Map<string, string[]>();
        for (const [at, each] of words.entries())
          for (const [place, word] of each.entries()) {
            const lexeme = `${fieldMark(at)}${word}`;
            const known = places.get(lexeme) ?? [];
            known.push(`${Math.min(place + 1, MAX_PLACE)}${classes[at]}`);
            places.set(lexeme, known);
          }
        return [...places].map(([lexeme, found]) => `'${lexeme}':${found.join()}`).join(' ');
      });
      await transaction.all(write, [arrayLiteral(all.map(({ id }) => id)), arrayLiteral(vectors)]);
    },
    query: (terms, some) =>
      terms
        .map(({ words, isPrefix }) => {
          const end = isPrefix ? ':*' : '';
          const phrases = some.map(
            (at) => `${words.map((word) => `'${fieldMark(at)}${word}'`).join(' <-> ')}${end}`,
          );
          return `(${phrases.join(' | ')})`;
        })
        .join(' & '),
    // Found first: the planner knows not how few match, and would scan the index of an order for them.
    matches: (id, query) =>
      sql`${id} = any(array(select _row from ${table} where words @@ ${query}::text::tsquery))`,
    ranked: (query, joined) =>
      sql`(select _row, ts_rank(${sql.raw(`'{${ranks.join()}}'::real[]`)}, words, ${query}::text::tsquery, 1)::double precision as _rank
        from ${table} where words @@ ${query}::text::tsquery) as _found join ${joined} on ${joined}.id = _found._row`,
  };
}

/** A letter for each field. */
function fieldMark(at: number): string {
  return String.fromCharCode(97 + at);
}
