import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  accounts,
  anyone,
  app,
  author,
  integer,
  integerId,
  nobody,
  own,
  resource,
  signedIn,
  state,
  text,
  transitions,
} from 'trestle';
import { answer, route } from 'trestle/contract';
import { ADMINISTRATOR, callOver, startApps } from '../harness.ts';
import { eachPlace } from '../stores.ts';
import { operatorOf, PASSWORD, signInAt } from './operators.ts';

const states = resource({
  fields: { name: text({ unique: true }) },
  rows: [{ name: 'new' }, { name: 'done' }],
  can: { read: anyone },
});
const parcels = resource({
  id: integerId(),
  fields: {
    title: text({ unique: true }),
    count: integer({ default: 0 }),
    stage: transitions(['open', 'closed'], { close: { from: 'open', to: 'closed' } }),
    step: state('states', { initial: 'new' }),
    owner: author(),
  },
  softDelete: true,
  can: { read: anyone, create: anyone, update: anyone, delete: anyone },
  lifecycle: { field: 'step', operations: { send: { from: 'new', to: 'done', run: async () => ({}) } } },
});
let effects = 0;
const post = app({
  name: 'post',
  accounts: accounts({ can: { create: anyone, update: anyone, grant: anyone } }),
  resources: { states, parcels },
  routes: ({ services }) => [
    route('POST', '/effects', { summary: 'An effect', can: anyone, answers: { 204: null } }, () => {
      effects += 1;
      return answer(204);
    }),
    // A GET whose code writes, though it does not say so.
    route('GET', '/hidden', { summary: 'Writes', can: anyone, answers: { 201: null } }, async (request) =>
      answer(201, await services.parcels.create(request, { title: 'hidden' })),
    ),
    route(
      'GET',
      '/changes',
      { summary: 'Changes', changes: true, can: anyone, answers: { 204: null } },
      () => {
        effects += 1;
        return answer(204);
      },
    ),
    route(
      'POST',
      '/uploads',
      { summary: 'A file', can: anyone, multipart: true, answers: { 204: null } },
      () => {
        effects += 1;
        return answer(204);
      },
    ),
  ],
  contract: ({ services, rules }) => ({
    routes: [
      route(
        'POST',
        '/parcels',
        { summary: 'Of the contract', can: rules.parcels.create, answers: { 201: null } },
        async (request) => answer(201, await services.parcels.create(request, { title: 'contract' })),
      ),
    ],
    errors: ({ status, code }) => ({ status, body: { code } }),
  }),
});
const notes = resource({
  fields: { title: text(), owner: author() },
  can: { read: own('owner'), create: signedIn, update: nobody },
});
const other = app({ name: 'other', resources: { notes } });

eachPlace('operators under attack', (place) => {
  test('a viewer changes nothing by any route that the document has, by cookie, token or key', async () => {
    await using server = await startApps(post, await place());
    const [root, viewer] = [await operatorOf(server), await operatorOf(server, 'viewer')];
    const made = await root.call<{ id: number }>('POST /v1/parcels', { body: { title: 'A' } });
    const { body: who } = await viewer.call<{ account: { id: string } }>('GET /v1/admin/session');
    const tokens = await server.call<{ access_token: string }>('POST /v1/sessions', {
      body: { username: 'viewer', password: PASSWORD },
    });
    const token = tokens.body.access_token;
    const [engine] = server.engines;
    const keys = await engine?.keys.create(
      { caller: { kind: 'administrator' } },
      { account: who.account.id },
    );
    const { body: document } = await server.call<{ paths: Paths }>('GET /openapi.json');
    const before = (await root.call<{ items: object[] }>('GET /v1/parcels')).body.items;
    const accountsBefore = (await root.call<{ items: object[] }>('GET /v1/accounts')).body.items;
    let refused = 0;
    for (const [method, path] of changesOf(document.paths)) {
      const id = path.includes('accounts') ? who.account.id : String(made.body.id);
      const line = `${method} ${path.replaceAll('{id}', id).replaceAll(/\{\w+\}/g, 'title')}`;
      const requests = [{ method: 'POST', path: '/v1/parcels', body: { title: 'B' } }];
      const body = { title: 'B', requests, roles: ['administrator'] };
      // A contract takes no cookie: whoever sends one is anybody.
      if (path !== '/parcels') assert.equal((await viewer.call(line, { body })).status, 403, line);
      for (const credential of [token, keys?.key])
        assert.equal((await server.call(line, { token: credential, body })).status, 403, line);
      refused += 1;
    }
    assert.ok(refused > 20, `${refused}`);
    assert.equal((await viewer.call('GET /hidden')).status, 403);
    assert.equal((await viewer.call('GET /changes')).status, 403);
    const form = new FormData();
    form.set('file', new Blob(['x']), 'x.txt');
    assert.equal((await server.call('POST /uploads', { token, body: form })).status, 403);
    assert.equal(effects, 0);
    const batch = { requests: [{ method: 'GET', path: `/v1/parcels/${made.body.id}` }], atomic: false };
    assert.equal((await viewer.call('POST /v1/batch', { body: batch })).status, 403);
    const mcp = await viewer.call<string>('POST /mcp', {
      body: {
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'create_parcels', arguments: { title: 'B' } },
      },
      headers: { accept: 'application/json, text/event-stream' },
    });
    assert.ok(mcp.status >= 400 || /isError|no tool|error/.test(JSON.stringify(mcp.body)));
    assert.deepEqual((await root.call<{ items: object[] }>('GET /v1/parcels')).body.items, before);
    assert.deepEqual((await root.call<{ items: object[] }>('GET /v1/accounts')).body.items, accountsBefore);
  });

  test('an open rule of roles gives nobody a role of operators', async () => {
    await using server = await startApps(post, await place());
    await operatorOf(server);
    const body = { username: 'mallory', password: PASSWORD };
    const made = await server.call<{ id: string }>('POST /v1/accounts', { body });
    const tokens = await server.call<{ access_token: string }>('POST /v1/sessions', { body });
    const token = tokens.body.access_token;
    const second = await server.call<{ id: string }>('POST /v1/accounts', {
      body: { ...body, username: 'eve' },
    });
    for (const roles of [['administrator'], ['viewer']])
      for (const id of [made.body.id, second.body.id])
        assert.equal(
          (await server.call(`POST /v1/accounts/${id}:set-roles`, { token, body: { roles } })).status,
          403,
        );
    for (const path of [
      'session',
      'declaration',
      'audit',
      'audit.csv',
      'logs',
      'logs/events',
      'metrics',
      'settings',
      'processes',
      'backups',
      'jobs',
      'schedules',
      'deletions/parcels/1',
    ])
      for (const credentials of [{ token }, {}])
        assert.equal(
          (await server.call(`GET /v1/admin/${path}`, credentials)).status,
          'token' in credentials ? 403 : 401,
          path,
        );
    const invalid = { token: 'no such link', username: 'x', password: PASSWORD };
    assert.equal((await server.call('POST /v1/admin/setup', { body: invalid })).status, 401);
    for (const token of [null, 5, {}, '', undefined])
      assert.equal((await server.call('POST /v1/admin/setup', { body: { ...invalid, token } })).status, 401);
  });

  test('keys of an administrator are refused under /v1/admin, also with all scopes', async () => {
    await using server = await startApps(post, await place());
    const root = await operatorOf(server);
    const { body } = await root.call<{ key: string }>('POST /v1/keys', { body: { scopes: ['*:*'] } });
    for (const path of [
      'session',
      'declaration',
      'audit',
      'audit.csv',
      'logs',
      'metrics',
      'settings',
      'processes',
      'backups',
      'jobs',
      'schedules',
    ])
      assert.equal((await server.call(`GET /v1/admin/${path}`, { token: body.key })).status, 403, path);
    const headers = { 'trestle-view-as': 'accounts/1' };
    assert.equal((await server.call('GET /v1/parcels', { token: body.key, headers })).status, 403);
  });

  test('cookies that are broken, foreign, doubled or of other kinds stand for nobody', async () => {
    await using server = await startApps([post, other], await place());
    const url = `${server.url}/post`;
    await server.engines[0]?.operators.create(
      HERE,
      { username: 'root', password: PASSWORD },
      'administrator',
    );
    await server.engines[1]?.operators.create(
      HERE,
      { username: 'root', password: PASSWORD },
      'administrator',
    );
    const root = await signInAt(url, 'root', PASSWORD);
    const foreign = await signInAt(`${server.url}/other`, 'root', PASSWORD);
    const [name = '', token = ''] = root.cookie.split('=');
    const [, theirs = ''] = foreign.cookie.split('=');
    const ask = async (cookie: string) =>
      (await callOver(url, 'GET /v1/admin/session', { headers: { cookie } })).status;
    assert.equal(await ask(root.cookie), 200);
    for (const cookie of [
      `${name}=`,
      `${name}=x`,
      `${name}=${token}x`,
      `${name}=${theirs}`,
      `${name}=${token.split('.').slice(0, 2).join('.')}.`,
      `trestle-post=${token}`,
      `${name}=${ADMINISTRATOR}`,
      `${name}=a.b.c`,
      `${name}=${'x'.repeat(5000)}`,
      `x=${token}`,
      ';;;',
      '=',
    ])
      assert.equal(await ask(cookie), 401, cookie.slice(0, 60));
    // An API key or the secret is no cookie, nor is the cookie of one app a token of another.
    const made = await root.call<{ key: string }>('POST /v1/keys', { body: {} });
    assert.equal(await ask(`${name}=${made.body.key}`), 401);
    assert.equal((await callOver(`${server.url}/other`, 'GET /v1/admin/session', { token })).status, 401);
  });

  test('failed sign-ins of operators are throttled as all are', async () => {
    await using server = await startApps(post, await place());
    await operatorOf(server);
    const statuses = [];
    for (let attempt = 0; attempt < 12; attempt += 1) {
      const body = { username: 'administrator', password: `wrong ${attempt}` };
      statuses.push((await server.call('POST /v1/admin/session', { body })).status);
    }
    assert.equal(statuses[0], 401);
    assert.ok(statuses.includes(429));
  });

  test('acts that race: each change has its entry, each failure has none of its change', async () => {
    await using server = await startApps(post, await place());
    const root = await operatorOf(server);
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        root.call('POST /v1/parcels', { body: { title: `T${at % 10}` } }),
      ),
    );
    const created = all.filter(({ status }) => status === 201).length;
    assert.equal(created, 10);
    const { body } = await root.call<{ items: { status: number }[]; total: number }>(
      'GET /v1/admin/audit?count=exact&limit=200',
    );
    assert.deepEqual(
      [201, 409].map((status) => body.items.filter((entry) => entry.status === status).length),
      [10, 10],
    );
    assert.equal((await root.call('DELETE /v1/admin/audit')).status, 405);
  });
});

type Paths = Record<string, Record<string, { operationId: string; security?: object[] }>>;

/** Operations of viewers that are no GET: reads, and changes of what is their own. */
const ALLOWED = new Set([
  // Views of one's own.
  'saveOwnView',
  'removeOwnView',
  'searchParcels',
  'searchStates',
  'createTicket',
  'endSession',
  'endAllSessions',
  'updateMe',
  'signOutOperator',
  'mcp',
  'verifyBackup',
]);

/** The operations of a document that ask who calls, and are no reads. */
function changesOf(paths: Paths): [string, string][] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(
        ([method, { operationId, security = [] }]) =>
          method !== 'get' && !ALLOWED.has(operationId) && security.length > 0,
      )
      .map(([method]): [string, string] => [method.toUpperCase(), path]),
  );
}

const HERE = { caller: { kind: 'anonymous' }, origin: { address: '192.0.2.9' } } as const;
