import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  accounts,
  administrator,
  anyone,
  app,
  author,
  job,
  nobody,
  reference,
  references,
  resource,
  text,
} from 'trestle';
import { startApps } from '../harness.ts';
import { eachPlace } from '../stores.ts';
import { operatorOf, PASSWORD, signInAt } from './operators.ts';

const open = { read: anyone, create: administrator, update: administrator, delete: administrator };
const teams = resource({ fields: { name: text() }, can: open });
const projects = resource({
  fields: { name: text(), team: reference('teams', { onDelete: 'cascade' }), owner: author() },
  can: open,
});
const invoices = resource({ fields: { project: reference('projects') }, can: open });
const labels = resource({
  fields: { name: text(), team: reference('teams', { nullable: true, onDelete: 'setNull' }) },
  can: open,
});
const boards = resource({ fields: { teams: references('teams', { onDelete: 'remove' }) }, can: open });
const drafts = resource({
  fields: { name: text() },
  softDelete: true,
  can: { ...open, create: anyone, update: nobody },
});

function declared(run: () => Promise<void>) {
  return app({
    name: 'agency',
    accounts: accounts(),
    resources: { teams, projects, invoices, labels, boards, drafts },
    jobs: {
      tidy: job({ input: { what: text() }, retries: 0, run }),
      nightly: job({ cron: '0 3 * * *', run: async () => {} }),
    },
  });
}

eachPlace('administration routes', (place) => {
  test('the preview of a deletion counts what goes, what loses a reference and what prevents it', async () => {
    await using server = await startApps(
      declared(async () => {}),
      await place(),
    );
    const root = await operatorOf(server);
    const create = async (name: string, body: object) =>
      (await root.call<{ id: string }>(`POST /v1/${name}`, { body })).body.id;
    const team = await create('teams', { name: 'A' });
    const project = await create('projects', { name: 'P', team });
    await create('projects', { name: 'Q', team });
    await create('labels', { name: 'L', team });
    await create('boards', { teams: [team] });
    const preview = (name: string, id: string) => root.call(`GET /v1/admin/deletions/${name}/${id}`);
    const reaches = [
      { resource: 'projects', field: 'team', effect: 'cascade', count: 2, more: false },
      { resource: 'labels', field: 'team', effect: 'setNull', count: 1, more: false },
      { resource: 'boards', field: 'teams', effect: 'remove', count: 1, more: false },
    ];
    const free = await preview('teams', team);
    assert.deepEqual([free.status, free.body], [200, { hides: false, refused: false, reaches }]);
    await create('invoices', { project });
    const { body } = await preview('teams', team);
    assert.deepEqual(body, {
      hides: false,
      refused: true,
      reaches: [
        ...reaches,
        { resource: 'invoices', field: 'project', effect: 'restrict', count: 1, more: false },
      ],
    });
    assert.equal((await root.call(`DELETE /v1/teams/${team}`)).status, 409);
    const draft = await create('drafts', { name: 'D' });
    assert.deepEqual((await preview('drafts', draft)).body, { hides: true, refused: false, reaches: [] });
    const { body: me } = await root.call<{ account: { id: string } }>('GET /v1/admin/session');
    assert.deepEqual((await preview('accounts', me.account.id)).body, {
      hides: false,
      refused: false,
      reaches: [
        { resource: 'sessions', field: 'account', effect: 'cascade', count: 1, more: false },
        { resource: 'projects', field: 'owner', effect: 'setNull', count: 2, more: false },
      ],
    });
    assert.equal((await preview('teams', '0190f000-0000-7000-8000-000000000000')).status, 404);
    assert.equal((await preview('nothing', team)).status, 404);
    assert.equal((await preview('teams', "' or 1=1")).status, 404);
  });

  test('sessions of any account are listed and ended, one or all', async () => {
    await using server = await startApps(
      declared(async () => {}),
      await place(),
    );
    const [root, viewer] = [await operatorOf(server), await operatorOf(server, 'viewer')];
    const again = await signInAt(server.url, 'viewer', PASSWORD);
    const { body: who } = await viewer.call<{ account: { id: string } }>('GET /v1/admin/session');
    const { id } = who.account;
    const list = () => root.call<{ items: { id: string }[] }>(`GET /v1/sessions?filter[account]=${id}`);
    const [first, second] = (await list()).body.items;
    assert.ok(first && second);
    assert.equal((await viewer.call(`POST /v1/accounts/${id}:end-sessions`)).status, 403);
    assert.equal((await root.call(`DELETE /v1/sessions/${first.id}`)).status, 204);
    assert.equal((await root.call(`DELETE /v1/sessions/${first.id}`)).status, 404);
    assert.deepEqual(
      (await list()).body.items.map((session) => session.id),
      [second.id],
    );
    assert.equal((await root.call(`POST /v1/accounts/${id}:end-sessions`)).status, 204);
    for (const browser of [viewer, again])
      assert.equal((await browser.call('GET /v1/admin/session')).status, 401);
    assert.equal((await root.call('GET /v1/admin/session')).status, 200);
  });

  test('jobs are listed, run, cancelled and run once more; schedules are shown', async () => {
    let fails = true;
    const started = Promise.withResolvers<void>();
    const run = async () => {
      started.resolve();
      if (fails) throw new Error('out of order');
    };
    const at = await place();
    await using server = await startApps(declared(run), at);
    const [root, viewer] = [await operatorOf(server), await operatorOf(server, 'viewer')];
    const body = { name: 'tidy', input: { what: 'desk' } };
    assert.equal((await viewer.call('POST /v1/admin/jobs', { body })).status, 403);
    assert.equal((await root.call('POST /v1/admin/jobs', { body: { ...body, input: {} } })).status, 422);
    assert.equal((await root.call('POST /v1/admin/jobs', { body: { name: 'none' } })).status, 422);
    const made = await root.call<{ id: string; state: string }>('POST /v1/admin/jobs', { body });
    assert.equal(made.status, 202);
    await started.promise;
    interface Job {
      id: string;
      name: string;
      state: string;
      input?: unknown;
    }
    const read = async (id: string) => (await viewer.call<Job>(`GET /v1/admin/jobs/${id}`)).body;
    const ended = async (id: string) => {
      for (;;) {
        const found = await read(id);
        if (found.state !== 'queued' && found.state !== 'running') return found;
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const failed = await ended(made.body.id);
    assert.deepEqual([failed.state, failed.name, 'input' in failed], ['failed', 'tidy', false]);
    const again = await root.call<Job>(`POST /v1/admin/jobs/${made.body.id}:cancel`);
    assert.equal(again.status, 409);
    fails = false;
    const retried = await root.call<Job>(`POST /v1/admin/jobs/${made.body.id}:retry`);
    assert.equal(retried.status, 202);
    assert.notEqual(retried.body.id, made.body.id);
    assert.equal((await ended(retried.body.id)).state, 'succeeded');
    assert.equal((await root.call(`POST /v1/admin/jobs/${retried.body.id}:retry`)).status, 409);
    const list = await viewer.call<{ items: Job[] }>(
      'GET /v1/admin/jobs?filter[name]=tidy&filter[state]=failed',
    );
    assert.deepEqual(
      list.body.items.map(({ id }) => id),
      [made.body.id],
    );
    const schedules = await viewer.call<{ items: { name: string; next: string }[] }>(
      'GET /v1/admin/schedules',
    );
    assert.deepEqual(
      schedules.body.items.map(({ name }) => name),
      ['nightly'],
    );
    assert.match(schedules.body.items[0]?.next ?? '', /T03:00:00\.000Z$/);
    assert.equal((await server.call('GET /v1/admin/jobs')).status, 401);
  });
});
