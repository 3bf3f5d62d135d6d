import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openSqlite } from '../../../src/database/sqlite/open-sqlite.ts';
import { StartError } from '../../../src/start-error.ts';
import { first } from './declarations.ts';
import { insert, rowsOf } from './rows.ts';
import { migrateTo, tablesFor } from './states.ts';

const folder = mkdtempSync(join(tmpdir(), 'trestle-damaged-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const tags = tablesFor(first).find((table) => table.name === 'tags');
assert.ok(tags);

/** A closed database with 2,000 rows. */
async function database(name: string): Promise<string> {
  const file = join(folder, `${name}.db`);
  const store = openSqlite(file);
  await migrateTo(store, first);
  if (tags)
    await insert(
      store,
      tags,
      Array.from({ length: 2000 }, (_, at) => ({ name: `tag ${at}`, _version: 1 })),
    );
  await store.close();
  return file;
}

/** Opening is refused with a remedy, and leaves the file as it was. */
function refused(file: string, why: RegExp): void {
  const before = existsSync(file) ? readFileSync(file) : undefined;
  assert.throws(
    () => openSqlite(file),
    (error) => {
      assert.ok(error instanceof StartError);
      assert.equal(error.exitCode, 1);
      assert.match(error.message, why);
      assert.match(error.message, /put a backup in its place/);
      return true;
    },
  );
  assert.deepEqual(existsSync(file) ? readFileSync(file) : undefined, before);
}

test('an empty file is refused, not taken for a new database', async () => {
  const file = await database('empty');
  truncateSync(file);
  refused(file, /the file is empty/);
});

test('a file that is no database is refused', async () => {
  const file = join(folder, 'text.db');
  writeFileSync(file, 'Dear diary, '.repeat(1000));
  refused(file, /file is not a database/);
});

test('a file that was cut off is refused', async () => {
  const file = await database('cut');
  truncateSync(file, Math.floor(statSync(file).size / 8192) * 4096);
  refused(file, /malformed/);
});

test('a file with pages overwritten is refused', async () => {
  const file = await database('overwritten');
  const bytes = readFileSync(file);
  for (let page = 3; page * 4096 < bytes.length; page += 1) bytes.fill(0xa5, page * 4096, page * 4096 + 100);
  writeFileSync(file, bytes);
  refused(file, /cannot be used as a database: /);
});

test('a file that is gone while its log is there is refused', async () => {
  const file = join(folder, 'gone.db');
  writeFileSync(`${file}-wal`, 'log');
  refused(file, /its log \(-wal\) is still there/);
});

test('a file from a newer SQLite is refused', async () => {
  const file = await database('newer');
  const bytes = readFileSync(file);
  bytes.fill(9, 18, 20);
  writeFileSync(file, bytes);
  refused(file, /cannot be used as a database: /);
});

test('a lost -shm file and a torn log lose nothing that was checkpointed', async () => {
  const source = join(folder, 'live.db');
  const store = openSqlite(source);
  await migrateTo(store, first);
  const file = join(folder, 'copy.db');
  assert.ok(tags);
  await insert(store, tags, [{ name: 'kept', _version: 1 }]);
  copyFileSync(source, file);
  copyFileSync(`${source}-wal`, `${file}-wal`);
  await store.close();
  writeFileSync(`${file}-wal`, Buffer.alloc(1000, 7), { flag: 'a' });
  const again = openSqlite(file);
  assert.deepEqual(
    (await rowsOf(again, tags)).map((row) => row.name),
    ['kept'],
  );
  await again.close();
});
