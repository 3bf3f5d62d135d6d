import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { MigrationRefused } from '../../../src/database/migrations/refusals.ts';
import type { Store } from '../../../src/database/store.ts';
import type { Table } from '../../../src/database/table.ts';
import type { Resources } from '../../../src/index.ts';
import { runSql } from '../../run-sql.ts';
import { eachStore } from '../../stores.ts';
import { changed, first, grown, renamed } from './declarations.ts';
import { insert, rowsOf } from './rows.ts';
import { migrateTo, tablesFor } from './states.ts';
import { structureOf } from './structure.ts';

const AT = '2026-11-21T07:48:39.123Z';
const note = (row: object) => ({ author: null, created_at: AT, rating: null, views: 0, _version: 1, ...row });

function tableOf(resources: Resources, name: string): Table {
  const found = tablesFor(resources).find((one) => one.name === name);
  assert.ok(found);
  return found;
}

/** A database of the first version with rows in it, then of the second with rows that refer to those. */
async function throughGrown(store: Store): Promise<void> {
  await migrateTo(store, first);
  await insert(store, tableOf(first, 'notes'), [
    note({ title: 'a', body: 'one', rating: '7' }),
    note({ title: 'b', body: null, views: 3 }),
  ]);
  await migrateTo(store, grown);
  await insert(store, tableOf(grown, 'comments'), [
    { note: 1, words: 'well said', _version: 2 },
    { note: 2, words: 'not so', _version: 1 },
  ]);
}

eachStore('a series of declarations', (open) => {
  test('adds columns, tables and indexes at start, and fills older rows', async () => {
    const store = await open();
    const before = Date.now();
    await throughGrown(store);
    const [row, second] = await rowsOf(store, tableOf(grown, 'notes'));
    assert.ok(row && second);
    const { updated_at, ...rest } = row;
    assert.ok(Date.parse(String(updated_at)) >= before && Date.parse(String(updated_at)) <= Date.now());
    const added = { state: 'draft', priority: null, pinned: false, extra: { list: [] } };
    assert.deepEqual(rest, { id: 1, ...note({ title: 'a', body: 'one', rating: '7' }), ...added });
    assert.equal(second.views, 3);
  });

  test('renames tables and columns at start, and keeps every value and reference', async () => {
    const store = await open();
    await throughGrown(store);
    const { steps } = await migrateTo(store, renamed);
    assert.deepEqual(steps, [
      '~ rename table notes to articles',
      '~ rename articles.body to text',
      '~ rename comments.note to article',
      '~ rename index on articles (author, state, created_at, id)',
      '~ rename index on articles (state, created_at, id)',
      '~ rename index on comments (article, id)',
      '~ change comments.words: maxLength 100000 becomes 255',
      '+ create index on comments (words, id)',
    ]);
    const rows = await rowsOf(store, tableOf(renamed, 'articles'));
    assert.deepEqual(
      rows.map(({ id, title, text, rating }) => ({ id, title, text, rating })),
      [
        { id: 1, title: 'a', text: 'one', rating: '7' },
        { id: 2, title: 'b', text: null, rating: null },
      ],
    );
    assert.deepEqual(await rowsOf(store, tableOf(renamed, 'comments')), [
      { id: 1, article: 1, words: 'well said', _version: 2 },
      { id: 2, article: 2, words: 'not so', _version: 1 },
    ]);
  });

  test('a declared rename that is done is not done again', async () => {
    const store = await open();
    await throughGrown(store);
    await migrateTo(store, renamed);
    assert.deepEqual((await migrateTo(store, renamed)).steps, []);
  });

  test('drops and converts only when told to, and keeps the rows that refer to a rebuilt table', async () => {
    const store = await open();
    await throughGrown(store);
    await migrateTo(store, renamed);
    await assert.rejects(migrateTo(store, changed), MigrationRefused);
    assert.equal((await rowsOf(store, tableOf(renamed, 'articles'))).length, 2);
    await migrateTo(store, changed, { apply: 'destructive' });
    const rows = await rowsOf(store, tableOf(changed, 'articles'));
    assert.deepEqual(
      rows.map(({ extra: _extra, created_at, updated_at: _updated, ...row }) => ({ ...row, created_at })),
      [
        {
          id: 1,
          title: 'a',
          rating: 7,
          views: 0,
          author: null,
          created_at: AT,
          state: 'draft',
          priority: 1,
          pinned: 0,
          _version: 1,
        },
        {
          id: 2,
          title: 'b',
          rating: null,
          views: 3,
          author: null,
          created_at: AT,
          state: 'draft',
          priority: 1,
          pinned: 0,
          _version: 1,
        },
      ],
    );
    assert.equal((await rowsOf(store, tableOf(changed, 'comments'))).length, 2);
  });

  test('ends in the tables that a fresh database of the last declaration has', async () => {
    const [old, fresh] = [await open(), await open()];
    await throughGrown(old);
    await migrateTo(old, renamed);
    await migrateTo(old, changed, { apply: 'destructive' });
    await migrateTo(fresh, changed);
    assert.deepEqual(await structureOf(old), await structureOf(fresh));
  });

  test('never gives the id of a deleted row again, also after a table was rebuilt', async () => {
    const store = await open();
    await throughGrown(store);
    await migrateTo(store, renamed);
    await insert(store, tableOf(renamed, 'comments'), [{ article: 1, words: 'gone', _version: 1 }]);
    await runSql(store, 'delete from comments where id >= 2');
    await migrateTo(store, changed, { apply: 'destructive' });
    await insert(store, tableOf(changed, 'comments'), [{ article: 1, words: 'new', _version: 1 }]);
    assert.deepEqual(
      (await rowsOf(store, tableOf(changed, 'comments'))).map((row) => row.id),
      [1, 4],
    );
  });

  test('copies an SQLite file before anything is lost', async () => {
    const store = await open();
    await throughGrown(store);
    await migrateTo(store, renamed);
    const { backup } = await migrateTo(store, changed, { apply: 'destructive' });
    if (store.dialect.name === 'postgres') return assert.equal(backup, undefined);
    assert.ok(backup && existsSync(backup));
    assert.match(backup, /\.db\.\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z\.backup$/);
  });
});
