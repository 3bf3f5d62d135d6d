import type { Dialect } from '../dialect.ts';
import type { SearchIndex, SearchSql } from '../search/search-index.ts';
import { type Sql, sql } from '../sql.ts';
import { type Statement, statement } from '../statement.ts';

const COLUMN_TYPES = { integer: 'integer', text: 'text' } as const;

/**
 * FTS5 without the texts, which the rows have already. Its numbers are those of a table beside it, because rowids of a table with
 * keys of its own may change in a vacuum; whose rows go with theirs. The words come as they are to be indexed, between spaces: the
 * `ascii` tokenizer takes every character beyond ASCII for a part of a word.
 */
export function sqliteSearch(dialect: Dialect, index: SearchIndex): SearchSql {
  const { name, rows, idKind, fields } = index;
  const numbers = sql.table(name);
  const words = `${name}_words`;
  const texts = sql.table(words);
  const columns = fields.map((_, at) => `f${at}`);
  const kind = idKind === 'integer' ? COLUMN_TYPES.integer : COLUMN_TYPES.text;
  const weights = sql.raw(fields.map(({ weight }) => weight).join());
  const rank = sql`-bm25(${texts}, ${weights})`;
  let statements: readonly [Statement, Statement] | undefined;
  return {
    create: [
      sql`create table ${numbers} (_at integer primary key autoincrement, _row ${sql.raw(kind)} not null unique references ${sql.table(rows)} (id) on delete cascade) strict`,
      sql`create virtual table ${texts} using fts5 (${sql.raw(columns.join())}, content = '', contentless_delete = 1, tokenize = 'ascii')`,
      sql`create trigger ${sql.id(`${name}_gone`)} after delete on ${numbers} begin delete from ${texts} where rowid = old._at; end`,
    ],
    drop: [sql`drop table ${numbers}`, sql`drop table ${texts}`],
    async put(transaction, all) {
      statements ??= [
        statement(
          dialect,
          sql`insert into ${numbers} (_row) values (${null}) on conflict (_row) do update set _row = excluded._row returning _at`,
        ),
        statement(
          dialect,
          sql`insert or replace into ${texts} (rowid, ${sql.raw(columns.join())}) values (${null}, ${sql.join(columns.map(() => null))})`,
        ),
      ];
      const [number, write] = statements;
      for (const { id, words: each } of all) {
        const [found] = await transaction.all(number, [id]);
        await transaction.all(write, [Number(found?._at), ...each.map((some) => some.join(' '))]);
      }
    },
    query: (terms, some) => {
      const phrases = terms
        .map(({ words, isPrefix }) => `"${words.join(' ')}"${isPrefix ? ' *' : ''}`)
        .join(' AND ');
      return `{${some.map((at) => `f${at}`).join(' ')}} : (${phrases})`;
    },
    matches: (id, query) =>
      sql`${id} in (select _row from ${texts} cross join ${numbers} on _at = ${texts}.rowid where ${texts} match ${query})`,
    // Cross joins keep their order: what matches is found once, and its rows are looked up.
    ranked: (query, table) =>
      sql`(select rowid as _at, ${rank} as _rank from ${texts} where ${texts} match ${query}) as _found
        cross join ${numbers} as _number on _number._at = _found._at cross join ${table} on ${table}.id = _number._row`,
    rankNow: (query: Sql, id: Sql) =>
      sql`(select ${rank} from ${texts} where ${texts} match ${query} and rowid = (select _at from ${numbers} where _row = ${id}))`,
  };
}
