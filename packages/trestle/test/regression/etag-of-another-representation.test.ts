// A strong ETag changes with the representation: by a migration of its table and by the restore of a backup, not otherwise.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { anyone, app, integer, integerId, type Resources, resource, text } from '../../src/index.ts';
import { callOver, type RunningApp, startApps } from '../harness.ts';
import { appFolder, NOTES, run, serve, temporaryFolder } from '../processes.ts';
import { eachPlace, type Place } from '../stores.ts';

const can = { read: anyone, create: anyone, update: anyone, delete: anyone };
const LISTS = resource({ id: integerId(), fields: { name: text() }, can });
const TASKS = resource({ id: integerId(), fields: { title: text() }, can });

async function withServer<T>(
  place: Place,
  resources: Resources,
  use: (server: RunningApp) => Promise<T>,
): Promise<T> {
  const server = await startApps(app({ name: 'tags', resources }), {
    ...place,
    migrate: { apply: 'destructive', back: true },
  });
  try {
    return await use(server);
  } finally {
    await server.close();
  }
}

const tagAt = async (server: RunningApp, path: string) => {
  const { status, headers } = await server.call(`GET ${path}`);
  assert.equal(status, 200);
  return headers.get('etag') ?? '';
};

eachPlace('the ETag of a row', (newPlace) => {
  test('stays over a restart, and is of the form "VERSION-TAG"', async () => {
    const place = await newPlace();
    const first = await withServer(place, { tasks: TASKS }, async (server) => {
      await server.call('POST /v1/tasks', { body: { title: 'a' } });
      return tagAt(server, '/v1/tasks/1');
    });
    assert.match(first, /^"1-[0-9a-z]{1,4}"$/);
    assert.equal(await withServer(place, { tasks: TASKS }, (server) => tagAt(server, '/v1/tasks/1')), first);
  });

  test('is another after a migration of its table: no 304, and If-Match with the old one is 412', async () => {
    const place = await newPlace();
    const [task, list] = await withServer(place, { tasks: TASKS, lists: LISTS }, async (server) => {
      await server.call('POST /v1/tasks', { body: { title: 'a' } });
      await server.call('POST /v1/lists', { body: { name: 'l' } });
      return [await tagAt(server, '/v1/tasks/1'), await tagAt(server, '/v1/lists/1')];
    });
    const changed = resource({
      id: integerId(),
      fields: { title: text(), rank: integer({ default: 0 }) },
      can,
    });
    await withServer(place, { tasks: changed, lists: LISTS }, async (server) => {
      const headers = { 'if-none-match': task };
      assert.equal((await server.call('GET /v1/tasks/1', { headers })).status, 200);
      const write = (tag: string) =>
        server.call('PATCH /v1/tasks/1', { body: { title: 'b' }, headers: { 'if-match': tag } });
      assert.equal((await write(task)).status, 412);
      assert.equal((await write(await tagAt(server, '/v1/tasks/1'))).status, 200);
      assert.equal(await tagAt(server, '/v1/lists/1'), list, 'of a table that was not touched');
    });
    // There and back: the declaration is the first one again, and the values may not be.
    const back = await withServer(place, { tasks: TASKS, lists: LISTS }, (server) =>
      tagAt(server, '/v1/tasks/1'),
    );
    assert.notEqual(back.replace(/^"\d+/, ''), task.replace(/^"\d+/, ''));
  });
});

describe('the ETag of a row (sqlite)', () => {
  test('is another after the restore of a backup: nobody overwrites what they have not seen', async () => {
    const [folder, data, to] = [appFolder(NOTES), temporaryFolder(), temporaryFolder()];
    const served = async <T>(use: (url: string) => Promise<T>): Promise<T> => {
      const { url, child, ended } = await serve([folder, '--data', data, '--readiness-delay', '0']);
      const result = await use(url);
      child.kill('SIGTERM');
      await ended;
      return result;
    };
    await served((url) => callOver(url, 'POST /v1/notes', { body: { content: 'first' } }));
    assert.equal((await run(['backup', folder, '--data', data, '--to', to])).code, 0);
    const seen = await served(async (url) => {
      const patched = await callOver(url, 'PATCH /v1/notes/1', { body: { content: 'mine' } });
      return patched.headers.get('etag') ?? '';
    });
    const [backup] = readdirSync(to);
    assert.equal((await run(['restore', join(to, backup ?? ''), '--app', folder, '--data', data])).code, 0);
    await served(async (url) => {
      const theirs = await callOver(url, 'PATCH /v1/notes/1', { body: { content: 'theirs' } });
      assert.equal(theirs.headers.get('etag')?.split('-')[0], seen.split('-')[0], 'both are version 2');
      const headers = { 'if-match': seen };
      assert.equal(
        (await callOver(url, 'PATCH /v1/notes/1', { body: { content: 'x' }, headers })).status,
        412,
      );
    });
  });
});
