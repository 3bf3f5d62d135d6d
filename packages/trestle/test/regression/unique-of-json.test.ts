// A JSON field that becomes a unique text is looked at for values that are there twice, on a database that compares no JSON too.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { integerId, json, resource, text } from '../../src/index.ts';
import { insert, rowsOf } from '../database/migrations/rows.ts';
import { migrateTo, tablesFor } from '../database/migrations/states.ts';
import { eachStore } from '../stores.ts';

eachStore('a JSON field that becomes a unique text', (open) => {
  test('is refused where a value is there twice, and made where none is', async () => {
    const store = await open();
    const before = { notes: resource({ id: integerId(), fields: { code: json() } }) };
    const after = { notes: resource({ id: integerId(), fields: { code: text({ unique: true }) } }) };
    const [, table] = tablesFor(before);
    const [, changed] = tablesFor(after);
    assert.ok(table && changed);
    await migrateTo(store, before);
    await insert(store, table, [{ code: 'a', _version: 1 }]);
    await migrateTo(store, after, { apply: 'destructive' });
    assert.deepEqual(
      (await rowsOf(store, changed)).map(({ code }) => code),
      ['a'],
    );

    const other = await open();
    await migrateTo(other, before);
    await insert(other, table, [
      { code: 'a', _version: 1 },
      { code: 'a', _version: 1 },
    ]);
    await assert.rejects(migrateTo(other, after, { apply: 'destructive' }), /more than once \(ids 1, 2\)/);
  });
});
