// A database file, its log or its data folder that is removed or replaced under a server ends it with an error, and no later
// write is answered as done.
import assert from 'node:assert/strict';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { anonymous } from '../../src/contract.ts';
import { openEngine } from '../../src/engine.ts';
import { anyone, app, integerId, resource, text } from '../../src/index.ts';
import { Problem } from '../../src/problems.ts';
import { callOver } from '../harness.ts';
import { appFolder, NOTES, serve, temporaryFolder } from '../processes.ts';

const can = { read: anyone, create: anyone };
const notes = resource({ id: integerId(), fields: { content: text() }, can });
const declaration = app({ name: 'notes', resources: { notes } });

const WAYS: Record<string, (data: string) => void> = {
  'the file is removed': (data) => rmSync(join(data, 'notes.db')),
  'the data folder is removed': (data) => rmSync(data, { recursive: true }),
  'the data folder is moved away': (data) => renameSync(data, `${data}-moved`),
  'another file takes its place': (data) => {
    rmSync(join(data, 'notes.db'));
    writeFileSync(join(data, 'notes.db'), '');
  },
};

describe('a database that is removed while it is open', () => {
  for (const [name, remove] of Object.entries(WAYS))
    test(`${name}: no write is answered as done`, async () => {
      const data = temporaryFolder();
      const { services, store, close } = await openEngine(declaration, { data });
      const write = () => services.notes.create({ caller: anonymous }, { content: 'a' });
      await write();
      remove(data);
      await assert.rejects(write, (error) => error instanceof Problem && error.code === 'unavailable');
      const { ready, fatal, why } = store.health();
      assert.deepEqual([ready, fatal], [false, true]);
      assert.match(why ?? '', /was removed or replaced while it was open/);
      await close();
    });

  test('its log (-wal) alone is removed: the store is broken for good', async () => {
    const data = temporaryFolder();
    const { store, close } = await openEngine(declaration, { data });
    assert.equal(store.health().ready, true);
    rmSync(join(data, 'notes.db-wal'));
    assert.equal(store.health().fatal, true);
    await close();
  });

  test('the server ends by itself with an error that says so', async () => {
    const [folder, data] = [appFolder(NOTES), temporaryFolder()];
    const { url, ended } = await serve([folder, '--data', data]);
    assert.equal((await callOver(url, 'POST /v1/notes', { body: { content: 'a' } })).status, 201);
    rmSync(data, { recursive: true });
    const { code, stderr } = await ended;
    assert.equal(code, 1);
    assert.match(stderr, /was removed or replaced while it was open/);
  });
});
