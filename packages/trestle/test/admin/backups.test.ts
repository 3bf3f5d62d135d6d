// Backups of a served app through its routes: made, scheduled, read back, restored, on both databases.
import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { callOver } from '../harness.ts';
import { freePort } from '../postgres-server.ts';
import { appFolder, NOTES, run, type Serving, serve } from '../processes.ts';
import { eachPlace, type Place } from '../stores.ts';
import { until } from '../until.ts';
import { type Browser, PASSWORD, signInAt } from './operators.ts';

interface Backup {
  name: string;
  bytes: number;
}

interface Sourced<T> {
  value: T;
  source: string;
}

interface BackupList {
  settings: { to: Sourced<string>; at: Sourced<string | null>; keep: Sourced<number> };
  restore: { state: string; backup: string; before: string | null; detail: string | null } | null;
  items: Backup[];
}

const folder = appFolder(NOTES);
const optionsOf = ({ data, database }: Place) => [
  '--data',
  data,
  ...(database ? ['--database', database] : []),
];

/** Serves, with the first operator signed in. */
async function begin(place: Place, ...words: string[]): Promise<{ served: Serving; root: Browser }> {
  const options = [folder, ...optionsOf(place), '--readiness-delay', '0', ...words];
  const env = { TRESTLE_ADMIN_SECRET: 'a secret of tests that is never shown anywhere' };
  const served = await serve(options, { env });
  const [, token] = /#setup=([\w-]{43})\n/.exec(served.output.stdout) ?? [];
  const body = { token, username: 'root', password: PASSWORD };
  assert.equal((await callOver(served.url, 'POST /v1/admin/setup', { body })).status, 200);
  return { served, root: await signInAt(served.url, 'root', PASSWORD) };
}

const add = (url: string, content: string) =>
  callOver<{ id: number }>(url, 'POST /v1/notes', { body: { content } });

async function contents(url: string): Promise<string[]> {
  const { body } = await callOver<{ items: { content: string }[] }>(url, 'GET /v1/notes?sort=id');
  return body.items.map(({ content }) => content);
}

/** The last restore, once the server serves again. */
function restored(url: string): Promise<NonNullable<BackupList['restore']>> {
  return until(async () => {
    const root = await signInAt(url, 'root', PASSWORD).catch(() => undefined);
    const answer = await root?.call<BackupList>('GET /v1/admin/backups').catch(() => undefined);
    return answer?.body.restore?.state === 'restoring' ? undefined : (answer?.body.restore ?? undefined);
  });
}

eachPlace('backups of a served app', (place) => {
  test('one is made and restored, with what was there kept, and in the audit; others are refused', async (t) => {
    const at = await place();
    const { served, root } = await begin(at);
    t.after(() => served.kill());
    const { url } = served;
    await add(url, 'first');
    const made = await root.call<Backup>('POST /v1/admin/backups');
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const { name } = made.body;
    const check = await root.call<{ ok: boolean; detail: string }>(`POST /v1/admin/backups/${name}:verify`);
    assert.deepEqual([check.body.ok, check.body.detail.includes(at.data)], [true, false], check.body.detail);
    await add(url, 'second');

    const path = `POST /v1/admin/backups/${name}:restore`;
    const wrong = await root.call<{ errors: { pointer: string }[] }>(path, { body: { confirm: 'other' } });
    assert.deepEqual([wrong.status, wrong.body.errors[0]?.pointer], [422, '/confirm']);
    const none = 'POST /v1/admin/backups/notes-2026-01-01T00-00-00.000Z.db:restore';
    assert.equal((await root.call(none, { body: { confirm: 'notes' } })).status, 404);
    const viewer = { username: 'viewer', password: PASSWORD };
    const { body: account } = await root.call<{ id: string }>('POST /v1/accounts', { body: viewer });
    await root.call(`POST /v1/accounts/${account.id}:set-roles`, { body: { roles: ['viewer'] } });
    const looks = await signInAt(url, 'viewer', PASSWORD);
    assert.equal((await looks.call(path, { body: { confirm: 'notes' } })).status, 403);
    assert.equal((await looks.call('PATCH /v1/admin/backups', { body: { keep: 3 } })).status, 403);
    assert.equal((await looks.call('GET /v1/admin/backups')).status, 200);
    assert.deepEqual(await contents(url), ['first', 'second']);

    const asked = await root.call<{ state: string }>(path, { body: { confirm: 'notes' } });
    assert.deepEqual([asked.status, asked.body.state], [202, 'restoring'], JSON.stringify(asked.body));
    const { state, before, detail } = await restored(url);
    assert.equal(state, 'restored', detail ?? '');
    assert.deepEqual(await contents(url), ['first']);
    // What was there is a backup too, the newest; nothing that was given out is given out again on its rows.
    const again = await signInAt(url, 'root', PASSWORD);
    const { body: list } = await again.call<BackupList>('GET /v1/admin/backups');
    assert.equal(list.items[0]?.name, before);
    const audit = await again.call<{ items: { username: string; route: string; status: number }[] }>(
      'GET /v1/admin/audit?filter[route][contains]=restore',
    );
    assert.deepEqual(
      audit.body.items.map((entry) => [entry.username, entry.route, entry.status]),
      [['root', '/v1/admin/backups/{name}:restore', 200]],
    );
    const back = await again.call(`POST /v1/admin/backups/${before}:restore`, { body: { confirm: 'notes' } });
    assert.equal(back.status, 202);
    assert.equal((await restored(url)).state, 'restored');
    assert.deepEqual(await contents(url), ['first', 'second']);
    assert.equal((await add(url, 'third')).body.id, 3);
    assert.equal((await served.stop()).code, 0);
  });

  test('the schedule is changed and kept, with where each value comes from', async (t) => {
    const at = await place();
    const own = mkdtempSync(join(at.data, 'own-'));
    const words = ['--backup-to', own, '--backup-keep', '5'];
    const { served, root } = await begin(at, ...words);
    t.after(() => served.kill());
    const read = async () => (await root.call<BackupList>('GET /v1/admin/backups')).body.settings;
    assert.deepEqual(await read(), {
      to: { value: own, source: '--backup-to' },
      at: { value: '0 3 * * *', source: 'default' },
      keep: { value: 5, source: '--backup-keep' },
    });
    const change = (body: object) => root.call<BackupList['settings']>('PATCH /v1/admin/backups', { body });
    const inside = join(own, 'nightly');
    assert.deepEqual((await change({ at: '30 2 * * 1', keep: 2, to: inside })).body, {
      to: { value: inside, source: 'operators' },
      at: { value: '30 2 * * 1', source: 'operators' },
      keep: { value: 2, source: 'operators' },
    });
    for (const wrong of [
      { at: 'every night' },
      { to: '/etc' },
      { to: join(own, '..') },
      { to: 's3://x' },
      { keep: 0 },
      { every: 1 },
    ])
      assert.ok([400, 422].includes((await change(wrong)).status), JSON.stringify(wrong));
    for (let count = 0; count < 3; count += 1)
      assert.equal((await root.call('POST /v1/admin/backups')).status, 201);
    const { body } = await root.call<BackupList>('GET /v1/admin/backups');
    assert.equal(body.items.length, 2);
    await change({ at: 'never', keep: null, to: null });
    assert.deepEqual(await read(), {
      to: { value: own, source: '--backup-to' },
      at: { value: null, source: 'operators' },
      keep: { value: 5, source: '--backup-keep' },
    });
    await served.stop();
  });
});

describe('restoring', () => {
  test('is not done while others use the database: they and the server go on as before', async (t) => {
    const data = mkdtempSync(join(folder, 'data-'));
    const { served, root } = await begin({ data }, '--shared');
    t.after(() => served.kill());
    const other = await serve([folder, '--data', data, '--shared', '--readiness-delay', '0']);
    t.after(() => other.kill());
    const { body } = await root.call<Backup>('POST /v1/admin/backups');
    await add(served.url, 'kept');
    await root.call(`POST /v1/admin/backups/${body.name}:restore`, { body: { confirm: 'notes' } });
    const { state, detail } = await restored(served.url);
    assert.equal(state, 'failed');
    assert.match(detail ?? '', /in use by another process/);
    assert.deepEqual(await contents(served.url), ['kept']);
    assert.deepEqual(await contents(other.url), ['kept']);
  });

  test('is done by all workers together', async (t) => {
    const data = mkdtempSync(join(folder, 'data-'));
    const { served, root } = await begin({ data }, '--workers', '2', '--port', String(await freePort()));
    t.after(() => served.kill());
    const { body } = await root.call<Backup>('POST /v1/admin/backups');
    await add(served.url, 'gone');
    await root.call(`POST /v1/admin/backups/${body.name}:restore`, { body: { confirm: 'notes' } });
    assert.equal((await restored(served.url)).state, 'restored');
    assert.deepEqual(await contents(served.url), []);
    assert.equal((await served.stop()).code, 0);
  });

  test('is refused for a backup that is not whole, and what was restored by a killed server has ended', async (t) => {
    const data = mkdtempSync(join(folder, 'data-'));
    const { served, root } = await begin({ data });
    t.after(() => served.kill());
    const { body } = await root.call<Backup>('POST /v1/admin/backups');
    writeFileSync(join(data, 'backups', body.name), 'x'.repeat(9000));
    const refused = await root.call<{ detail: string }>(`POST /v1/admin/backups/${body.name}:restore`, {
      body: { confirm: 'notes' },
    });
    assert.equal(refused.status, 409);
    assert.match(refused.body.detail, /not whole/);
    await served.stop();
    const last = { backup: body.name, state: 'restoring', started_at: new Date().toISOString() };
    const rest = { finished_at: null, before: null, detail: null };
    writeFileSync(join(data, 'notes.last-restore.json'), JSON.stringify({ ...last, ...rest }));
    const again = await serve([folder, '--data', data, '--readiness-delay', '0']);
    t.after(() => again.kill());
    assert.match((await restored(again.url)).detail ?? '', /was killed meanwhile/);
  });

  test('and backing up by commands are in the audit, under the name of the user of the system', async (t) => {
    const data = mkdtempSync(join(folder, 'data-'));
    const { served } = await begin({ data });
    t.after(() => served.kill());
    const to = join(data, 'copies');
    const made = await run(['backup', folder, '--data', data, '--to', to]);
    assert.equal(made.code, 0, made.stderr);
    await served.stop();
    const backup = /notes: (.*\.db)/.exec(made.stdout)?.[1] ?? '';
    const put = await run(['restore', backup, '--app', folder, '--data', data]);
    assert.equal(put.code, 0, put.stderr);
    const again = await serve([folder, '--data', data, '--readiness-delay', '0']);
    t.after(() => again.kill());
    const root = await signInAt(again.url, 'root', PASSWORD);
    const { body } = await root.call<{ items: { credential: string; route: string; username: string }[] }>(
      'GET /v1/admin/audit?filter[credential]=cli',
    );
    assert.deepEqual(
      body.items.map(({ route }) => route),
      ['trestle restore'],
    );
    assert.notEqual(body.items[0]?.username ?? '', '');
    await again.stop();
  });
});
