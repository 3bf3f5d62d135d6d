// A migration that is killed while it copies the file leaves no unfinished copy: a signal ends it when the copy is whole, and
// what a SIGKILL leaves is removed when the file is opened again.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { openSqlite } from '../../src/database/sqlite/open-sqlite.ts';
import { appFolder, NOTES, run, start, temporaryFolder } from '../processes.ts';

test('migrate apply --destructive that gets a SIGTERM leaves no .part', async () => {
  const [folder, data] = [appFolder(NOTES), temporaryFolder()];
  assert.equal((await run(['migrate', 'apply', folder, '--data', data])).code, 0);
  const file = join(data, 'notes.db');
  const database = new DatabaseSync(file);
  database.exec(`insert into notes (content) with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000)
    select hex(randomblob(70)) from n`);
  database.close();
  const other = NOTES.replace('content: text({ max: 160 })', 'body: text({ nullable: true })');
  writeFileSync(join(folder, 'app.ts'), other);
  const seen = new AbortController();
  const { child, ended } = start(['migrate', 'apply', folder, '--data', data, '--destructive']);
  const watcher = watch(data, (_event, name) => {
    if (name?.endsWith('.part')) seen.abort();
  });
  await Promise.race([once(seen.signal, 'abort'), ended]);
  watcher.close();
  child.kill('SIGTERM');
  assert.equal((await ended).code, 143);
  assert.deepEqual(
    readdirSync(data).filter((name) => name.endsWith('.part')),
    [],
  );
  const after = new DatabaseSync(file, { readOnly: true });
  const [row] = after.prepare('select count(*) as found from notes').all();
  after.close();
  assert.equal(row?.found, 100_000, 'it was made as a whole, or not at all');
});

test('opening a file removes what killed processes left beside it, and nothing of running ones', async () => {
  const data = temporaryFolder();
  const { child, ended } = start(['help']);
  await ended;
  const names = {
    gone: [`a.db.${child.pid}.part`, `a.db.${child.pid}.new`],
    kept: [`a.db.${process.pid}.part`, 'a.db.2026.backup', 'b.part'],
  };
  for (const name of [...names.gone, ...names.kept]) writeFileSync(join(data, name), '');
  await openSqlite(join(data, 'a.db')).close();
  assert.deepEqual(readdirSync(data).sort(), ['a.db', ...names.kept].sort());
});
