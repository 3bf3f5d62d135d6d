// A field named `rowid` stood for SQLite's own number of a row: its values decided whether a long read had a thread and a deadline.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { accounts, anyone, integer, integerId, resource, text } from 'trestle';
import { migrate } from '../../src/database/migrations/migrate.ts';
import { openSqlite } from '../../src/database/sqlite/open-sqlite.ts';
import { tablesOf } from '../../src/database/tables.ts';
import { openServices } from '../../src/rows/open-services.ts';
import { fill } from '../plans.ts';
import { anonymous } from '../rows/shop.ts';

test('a field may be named rowid, and long reads of its resource end in time', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'trestle-test-'));
  const store = openSqlite(join(folder, 'notes.db'), { scanTimeout: 20 });
  t.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  const declared = accounts({ id: integerId() });
  const fields = { title: text(), rowid: integer() };
  const resources = { notes: resource({ id: integerId(), fields, can: { read: anyone } }) };
  await migrate(store, tablesOf(resources, declared));
  // The greatest one is no number of rows, and no 64 divides any of them.
  await fill(store, 100_000, 'notes', { title: `'the title of note ' || i`, rowid: '1' });
  const services = openServices({ resources, accounts: declared, store, cursorKey: Buffer.alloc(32) });
  const filter = { or: Array.from({ length: 16 }, (_, at) => ({ title: { icontains: `nowhere ${at}` } })) };
  await assert.rejects(services.services.notes.list(anonymous, { filter }), { code: 'unavailable' });
  const { items } = await services.services.notes.list(anonymous, { filter: { rowid: { eq: 1 } }, limit: 1 });
  assert.equal(items[0]?.rowid, 1);
});
