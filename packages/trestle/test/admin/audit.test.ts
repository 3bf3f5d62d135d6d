import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accounts, administrator, app, author, own, resource, signedIn, text } from 'trestle';
import { answer, Problem, route } from 'trestle/contract';
import { ADMINISTRATOR, type RunningApp, startApps } from '../harness.ts';
import { runSql } from '../run-sql.ts';
import { eachPlace } from '../stores.ts';
import { type Browser, operatorOf } from './operators.ts';

const notes = resource({
  live: true,
  fields: { title: text({ max: 20, unique: true }), body: text({ nullable: true }), owner: author() },
  can: { read: own('owner'), create: signedIn, update: own('owner'), delete: own('owner') },
  within: {
    update: async (_context, { row }) => {
      if (row.title === 'fails') throw new Problem('conflict', { detail: 'not this' });
    },
  },
});
const paper = app({
  name: 'paper',
  accounts: accounts({ audit: '30d' }),
  resources: { notes },
  routes: () => [
    route('POST', '/effects/:id', { summary: 'An effect', can: administrator, answers: { 204: null } }, () =>
      answer(204),
    ),
  ],
});

interface Entry {
  method: string;
  route: string;
  resource: string | null;
  row: string | null;
  fields: string[];
  status: number | null;
  code: string | null;
  username: string | null;
  credential: string;
  viewed_as: string | null;
  address: string;
  agent: string;
  request: string;
}

/** The newest entries, once there are so many. */
async function entries(browser: Browser, count: number, query = ''): Promise<Entry[]> {
  for (;;) {
    const { body } = await browser.call<{ items: Entry[] }>(`GET /v1/admin/audit?limit=${count}${query}`);
    if (body.items.length === count) return body.items;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const shortly = (all: readonly Entry[]) =>
  all.map(({ method, route: path, row, fields, status, code }) => [method, path, row, fields, status, code]);

eachPlace('audit', (place) => {
  test('changes of operators are in it, with their fields and their result; reads and others are not', async () => {
    await using server = await startApps(paper, await place());
    const root = await operatorOf(server);
    const made = await root.call<{ id: string }>('POST /v1/notes', {
      body: { title: 'A', body: 'a secret' },
      headers: { 'user-agent': '=cmd()', 'x-request-id': 'request-of-a-test' },
    });
    const { id } = made.body;
    await root.call('GET /v1/notes');
    await root.call(`PATCH /v1/notes/${id}`, { body: { title: 'B' } });
    await root.call(`PATCH /v1/notes/${id}`, { body: { title: 'fails' } });
    await root.call(`PATCH /v1/notes/${id}`, { body: { unknown: 1 } });
    await root.call('POST /effects/7', {});
    await root.call(`DELETE /v1/notes/${id}`);
    await server.call('POST /v1/accounts', {
      body: { username: 'ann', password: 'a tidy heron walks upstream' },
    });
    const all = await entries(root, 6);
    assert.deepEqual(shortly(all), [
      ['DELETE', '/v1/notes/{id}', id, [], 204, null],
      ['POST', '/effects/{id}', '7', [], 204, null],
      ['PATCH', '/v1/notes/{id}', id, ['unknown'], 400, 'unknown_field'],
      ['PATCH', '/v1/notes/{id}', id, ['title'], 409, 'conflict'],
      ['PATCH', '/v1/notes/{id}', id, ['title'], 200, null],
      ['POST', '/v1/notes', id, ['title', 'body'], 201, null],
    ]);
    const { username, credential, resource: of, address, agent } = all.at(-1) ?? {};
    assert.deepEqual(
      [username, credential, of, address, agent],
      ['administrator', 'session', 'notes', '127.0.0.1', '=cmd()'],
    );
    // What failed changed nothing but the audit.
    const filtered = await entries(root, 1, '&filter[status]=409');
    assert.equal(filtered[0]?.code, 'conflict');
    const csv = await root.call<string>('GET /v1/admin/audit.csv?filter[method]=POST');
    assert.equal(csv.status, 200);
    assert.match(csv.headers.get('content-type') ?? '', /^text\/csv/);
    const lines = csv.body.trim().split('\r\n');
    assert.equal(lines.length, 3);
    assert.match(lines[0] ?? '', /^id,at,account,username,/);
    assert.match(csv.body, /'=cmd\(\)/);
    const headers = { cookie: root.cookie };
    const file = await fetch(`${server.url}/v1/admin/audit.ndjson?filter[resource]=notes`, { headers });
    const ndjson = await file.text();
    assert.equal(
      ndjson
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)).length,
      5,
    );
    assert.doesNotMatch(csv.body + ndjson, /a secret/);
    assert.equal((await server.call('GET /v1/admin/audit')).status, 401);
  });

  test('batches, bulk writes, keys and accounts; the secret of machines; passwords stay out', async () => {
    await using server = await startApps(paper, await place());
    const root = await operatorOf(server);
    const requests = [
      { method: 'POST', path: '/v1/notes', body: { title: 'A' }, as: 'a' },
      { method: 'PATCH', path: '/v1/notes/{a.id}', body: { body: 'x' } },
      { method: 'GET', path: '/v1/notes/{a.id}' },
    ];
    const batch = await root.call<{ results: { body: { id: string } }[] }>('POST /v1/batch', {
      body: { requests },
      headers: { 'idempotency-key': 'once' },
    });
    assert.equal(batch.status, 200);
    const id = batch.body.results[0]?.body.id;
    await root.call('POST /v1/batch', { body: { requests }, headers: { 'idempotency-key': 'once' } });
    await root.call('PATCH /v1/notes?filter[title]=A&max=5', { body: { title: 'B' } });
    await root.call('PATCH /v1/notes?filter[title]=B&max=5&dry_run=true', { body: { title: 'C' } });
    const key = await root.call<{ id: string; key: string }>('POST /v1/keys', { body: { name: 'mine' } });
    const ann = await root.call<{ id: string }>('POST /v1/accounts', {
      body: { username: 'ann', password: 'a tidy heron walks upstream' },
    });
    const reset = { password: 'another heron walks downstream' };
    await server.call(`POST /v1/accounts/${ann.body.id}:reset-password`, {
      token: ADMINISTRATOR,
      body: reset,
    });
    const all = await entries(root, 6);
    assert.deepEqual(shortly(all), [
      ['POST', '/v1/accounts/{id}:reset-password', ann.body.id, ['password'], 204, null],
      ['POST', '/v1/accounts', ann.body.id, ['username', 'password'], 201, null],
      ['POST', '/v1/keys', key.body.id, ['name'], 201, null],
      ['PATCH', '/v1/notes', null, ['title'], 200, null],
      ['PATCH', '/v1/batch', id, ['body'], 200, null],
      ['POST', '/v1/batch', id, ['title'], 201, null],
    ]);
    assert.deepEqual([all[0]?.credential, all[0]?.username], ['secret', null]);
    const text = JSON.stringify(all);
    for (const secret of [key.body.key, reset.password, ADMINISTRATOR]) assert.ok(!text.includes(secret));
  });

  test('the entry is in the transaction of the change: neither without the other', async () => {
    await using server = await startApps(paper, await place());
    const root = await operatorOf(server);
    const [engine] = server.engines;
    assert.ok(engine);
    const made = await root.call<{ id: string }>('POST /v1/notes', { body: { title: 'A' } });
    await entries(root, 1);
    const record = engine.audit.record;
    engine.audit.record = async () => {
      throw new Error('the audit is full');
    };
    const refused = await root.call(`PATCH /v1/notes/${made.body.id}`, { body: { title: 'B' } });
    assert.equal(refused.status, 500);
    engine.audit.record = record;
    const { body } = await root.call<{ title: string }>(`GET /v1/notes/${made.body.id}`);
    assert.equal(body.title, 'A');
  });

  test('what a viewer is refused is in it', async () => {
    await using server = await startApps(paper, await place());
    const [root, viewer] = [await operatorOf(server), await operatorOf(server, 'viewer')];
    assert.equal((await viewer.call('POST /v1/notes', { body: { title: 'A' } })).status, 403);
    assert.equal((await viewer.call('GET /v1/notes')).status, 200);
    const [entry] = await entries(root, 1);
    assert.deepEqual([entry?.username, entry?.status, entry?.route], ['viewer', 403, '/v1/notes']);
  });

  test('an administrator reads as another account: read only, marked and recorded', async () => {
    await using server = await startApps(paper, await place());
    const [root, viewer] = [await operatorOf(server), await operatorOf(server, 'viewer')];
    const ann = await signUp(server, 'ann');
    await server.call('POST /v1/notes', { token: ann.token, body: { title: 'of ann' } });
    await root.call('POST /v1/notes', { body: { title: 'of root' } });
    const headers = { 'trestle-view-as': `accounts/${ann.id}` };
    const seen = await root.call<{ items: { title: string }[] }>('GET /v1/notes', { headers });
    assert.deepEqual(
      seen.body.items.map(({ title }) => title),
      ['of ann'],
    );
    assert.equal(seen.headers.get('trestle-viewed-as'), `accounts/${ann.id}`);
    const [entry] = await entries(root, 1);
    assert.deepEqual(
      [entry?.viewed_as, entry?.username, entry?.route, entry?.status],
      [ann.id, 'administrator', '/v1/notes', null],
    );
    const line = server.log.findLast(({ route: path }) => path === '/v1/notes');
    assert.equal(line?.account === ann.id, false);
    const post = await root.call('POST /v1/notes', { body: { title: 'x' }, headers });
    assert.equal(post.status, 403);
    const found = await root.call<{ items: { title: string }[] }>('POST /v1/notes:search', {
      body: {},
      headers,
    });
    assert.deepEqual(
      found.body.items.map(({ title }) => title),
      ['of ann'],
    );
    assert.equal(found.headers.get('trestle-viewed-as'), `accounts/${ann.id}`);
    const [searched] = await entries(root, 1, '&filter[route][contains]=search');
    assert.deepEqual([searched?.viewed_as, searched?.method], [ann.id, 'POST']);
    for (const line of ['POST /v1/batch', 'PATCH /v1/me', 'DELETE /v1/sessions'])
      assert.equal((await root.call(line, { body: {}, headers })).status, 403, line);
    assert.equal((await viewer.call('GET /v1/notes', { headers })).status, 403);
    assert.equal((await server.call('GET /v1/notes', { token: ann.token, headers })).status, 403);
    assert.equal((await root.call('GET /v1/admin/audit', { headers })).status, 403);
    assert.equal((await server.call('GET /v1/notes', { headers })).status, 403);
    const unknown = { 'trestle-view-as': 'accounts/0190f000-0000-7000-8000-000000000000' };
    assert.equal((await root.call('GET /v1/notes', { headers: unknown })).status, 404);
    assert.equal((await root.call('GET /v1/notes', { headers: { 'trestle-view-as': 'x' } })).status, 400);
  });

  test('what cannot be written down is not done: accounts made, changed and deleted by an operator', async () => {
    await using server = await startApps(paper, await place());
    const root = await operatorOf(server);
    const ann = await signUp(server, 'ann');
    const [engine] = server.engines;
    assert.ok(engine);
    await runSql(engine.store, 'alter table _trestle_audit rename to _trestle_audit_away');
    const path = `/v1/accounts/${ann.id}`;
    const body = { username: 'bob', password: 'a tidy heron walks upstream' };
    for (const [line, given] of [
      ['POST /v1/accounts', body],
      [`PATCH ${path}`, { username: 'anna' }],
      [`DELETE ${path}`, undefined],
    ] as const)
      assert.equal((await root.call(line, { body: given })).status, 500, line);
    await runSql(engine.store, 'alter table _trestle_audit_away rename to _trestle_audit');
    const { body: left } = await root.call<{ items: { username: string }[] }>(
      'GET /v1/accounts?sort=username',
    );
    assert.deepEqual(
      left.items.map(({ username }) => username),
      ['administrator', 'ann'],
    );
    assert.equal((await root.call(`PATCH ${path}`, { body: { username: 'anna' } })).status, 200);
    assert.equal((await root.call(`DELETE ${path}`)).status, 204);
    assert.deepEqual(
      (await entries(root, 2)).map(({ method, row }) => [method, row]),
      [
        ['DELETE', ann.id],
        ['PATCH', ann.id],
      ],
    );
  });

  test('an event stream as another account shows its rows, and ends with the session of the administrator', async () => {
    await using server = await startApps(paper, await place());
    const root = await operatorOf(server);
    const ann = await signUp(server, 'ann');
    const headers = { 'trestle-view-as': `accounts/${ann.id}`, cookie: root.cookie };
    const stream = await fetch(`${server.url}/v1/notes/events`, { headers });
    assert.deepEqual([stream.status, stream.headers.get('trestle-viewed-as')], [200, `accounts/${ann.id}`]);
    assert.ok(stream.body);
    const reader = stream.body.pipeThrough(new TextDecoderStream()).getReader();
    let read = '';
    const reads = async (pattern: RegExp) => {
      while (!pattern.test(read)) {
        // A stream whose reader may not go on is cut.
        const part = await reader.read().catch(() => undefined);
        if (!part || part.done) return false;
        read += part.value;
      }
      return true;
    };
    assert.ok(await reads(/event: page/));
    await root.call('POST /v1/notes', { body: { title: 'of root' } });
    await server.call('POST /v1/notes', { token: ann.token, body: { title: 'of ann' } });
    assert.ok(await reads(/event: put\ndata: .*"of ann"/));
    assert.doesNotMatch(read, /of root/);
    const [entry] = await entries(root, 1, '&filter[route][contains]=events');
    assert.deepEqual([entry?.viewed_as, entry?.username], [ann.id, 'administrator']);
    await root.call('DELETE /v1/admin/session');
    assert.equal(await reads(/never/), false);
  });
});

async function signUp(server: RunningApp, username: string): Promise<{ id: string; token: string }> {
  const body = { username, password: 'a tidy heron walks upstream' };
  const { body: account } = await server.call<{ id: string }>('POST /v1/accounts', { body });
  const { body: tokens } = await server.call<{ access_token: string }>('POST /v1/sessions', { body });
  return { id: account.id, token: tokens.access_token };
}
