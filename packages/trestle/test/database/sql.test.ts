import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { postgresDialect } from '../../src/database/postgres/dialect.ts';
import { render, type Sql, sql } from '../../src/database/sql.ts';
import { sqliteDialect } from '../../src/database/sqlite/dialect.ts';
import { param } from '../../src/database/statement.ts';

const inSqlite = (query: Sql) => render(query, sqliteDialect).text;
const inPostgres = (query: Sql) => render(query, postgresDialect('app')).text;

describe('sql', () => {
  it('binds values and puts pieces in as they are, in the order they are written', () => {
    const id = param('id');
    const owned = sql`owner = ${'ann'} or owner = ${'bob'}`;
    const query = sql`select ${1} from ${sql.table('books')} where (${owned}) and id = ${id}`;
    assert.equal(inSqlite(query), 'select ? from "books" where (owner = ? or owner = ?) and id = ?');
    assert.equal(
      inPostgres(query),
      'select $1 from "app"."books" where (owner = $2 or owner = $3) and id = $4',
    );
    assert.deepEqual(render(query, sqliteDialect).values, [1, 'ann', 'bob', id]);
  });

  it('has no text of a value in the SQL, whatever it says', () => {
    const query = sql`select ${`'; drop table books; --`}`;
    assert.equal(inSqlite(query), 'select ?');
  });

  it('quotes names, and knows a table before a column', () => {
    assert.equal(inSqlite(sql`${sql.id('say "a.b"')}`), '"say ""a.b"""');
    assert.equal(inSqlite(sql`${sql.ref('b"s.id')}, ${sql.ref('id')}`), '"b""s"."id", "id"');
  });

  it('writes values that cannot be bound into the text', () => {
    const values = ["it's", 7, -1.5, true, null].map((value) => sql.lit(value));
    assert.equal(inPostgres(sql.join(values)), "'it''s', 7, -1.5, true, null");
    assert.throws(() => sql.lit(new Uint8Array(1)), { name: 'TypeError' });
  });

  it('joins pieces and values, none, one or several', () => {
    assert.equal(inSqlite(sql`(${sql.join([])})`), '()');
    assert.equal(inSqlite(sql.join([sql`a`])), 'a');
    const query = sql.join([sql`a = ${1}`, 2, sql`b`], ' and ');
    assert.equal(inPostgres(query), 'a = $1 and $2 and b');
    assert.deepEqual(query.values, [1, 2]);
  });

  it('takes raw text as it stands', () => {
    assert.equal(inSqlite(sql`order by id ${sql.raw('desc nulls last')}`), 'order by id desc nulls last');
  });
});
