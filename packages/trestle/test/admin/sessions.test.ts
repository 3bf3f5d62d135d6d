import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  accounts,
  administrator,
  anyone,
  anyText,
  app,
  author,
  own,
  resource,
  signedIn,
  text,
} from 'trestle';
import { answer, route } from 'trestle/contract';
import { setupHash } from '../../src/accounts/operators/operators.ts';
import { ADMINISTRATOR, callOver, type StartOptions, startApps } from '../harness.ts';
import { eachPlace } from '../stores.ts';
import { operatorOf, PASSWORD, signInAt } from './operators.ts';

const notes = resource({
  fields: {
    title: text({ max: 50 }),
    secret: text({ nullable: true, can: { read: administrator } }),
    owner: author(),
  },
  can: { read: own('owner'), create: signedIn, update: own('owner'), delete: own('owner') },
});
const posts = resource({ fields: { title: text() }, can: { read: anyone, create: anyone } });

const paper = app({
  name: 'paper',
  accounts: accounts({ password: anyText }),
  resources: { notes, posts },
  routes: () => [
    route('POST', '/effect', { summary: 'Has an effect', can: signedIn, answers: { 200: null } }, () =>
      answer(200),
    ),
  ],
});
const keysOnly = app({ name: 'keys', accounts: accounts({ password: false }), resources: { posts } });

eachPlace('sessions of operators', (place) => {
  const start = async (options: StartOptions = {}) => startApps(paper, { ...(await place()), ...options });

  test('an operator signs in by cookie, sees who it is, and signs out', async () => {
    await using server = await start();
    const { engines, url } = server;
    await engines[0]?.operators.create(HERE, { username: 'root', password: PASSWORD }, 'administrator');
    const body = { username: 'root', password: PASSWORD };
    const reply = await server.call<{ csrf: string; roles: string[] }>('POST /v1/admin/session', { body });
    assert.equal(reply.status, 200);
    assert.deepEqual(reply.body.roles, ['administrator']);
    assert.match(
      reply.headers.get('set-cookie') ?? '',
      /^__Host-trestle-paper=[\w.-]+; Path=\/; Secure; HttpOnly; SameSite=Strict; Max-Age=43\d{3}$/,
    );
    const browser = await signInAt(url, 'root', PASSWORD);
    const me = await browser.call<{ account: { username: string }; csrf: string }>('GET /v1/admin/session');
    assert.deepEqual([me.status, me.body.account.username, me.body.csrf], [200, 'root', browser.csrf]);
    assert.equal((await browser.call('GET /v1/accounts')).status, 200);
    const out = await browser.call('DELETE /v1/admin/session');
    assert.deepEqual([out.status, /Max-Age=0/.test(out.headers.get('set-cookie') ?? '')], [204, true]);
    assert.equal((await browser.call('GET /v1/admin/session')).status, 401);
    const machine = await server.call<{ roles: string[]; csrf: null }>('GET /v1/admin/session', {
      token: ADMINISTRATOR,
    });
    assert.deepEqual([machine.status, machine.body.csrf], [200, null]);
  });

  test('other accounts are refused, and so are wrong passwords and keys', async () => {
    await using server = await start();
    const body = { username: 'ann', password: 'p' };
    await server.call('POST /v1/accounts', { body });
    assert.equal((await server.call('POST /v1/admin/session', { body })).status, 403);
    assert.equal(
      (await server.call('POST /v1/admin/session', { body: { ...body, password: 'q' } })).status,
      401,
    );
    const tokens = await server.call<{ access_token: string }>('POST /v1/sessions', { body });
    assert.equal(
      (await server.call('GET /v1/admin/session', { token: tokens.body.access_token })).status,
      403,
    );
    const root = await operatorOf(server);
    const made = await root.call<{ key: string }>('POST /v1/keys', { body: {} });
    assert.equal(made.status, 201);
    assert.equal((await server.call('GET /v1/admin/session', { token: made.body.key })).status, 403);
  });

  test('a change by cookie shows the token, and comes from a page of this server', async () => {
    await using server = await start();
    const { cookie, csrf, call } = await operatorOf(server);
    const create = (headers: Record<string, string>) =>
      server.call<{ owner: string | null }>('POST /v1/notes', { body: { title: 'A' }, headers });
    assert.equal((await create({ cookie, 'x-csrf-token': csrf })).status, 201);
    // Without the token the cookie is none, with a wrong one the request is refused.
    assert.equal((await create({ cookie })).status, 401);
    assert.equal((await create({ cookie, 'x-csrf-token': `${csrf.slice(1)}A` })).status, 403);
    assert.equal((await create({ cookie, 'x-csrf-token': '' })).status, 403);
    for (const site of ['cross-site', 'same-site'])
      assert.equal((await create({ cookie, 'x-csrf-token': csrf, 'sec-fetch-site': site })).status, 401);
    assert.equal(
      (await create({ cookie, 'x-csrf-token': csrf, origin: 'https://evil.example' })).status,
      401,
    );
    assert.equal(
      (await create({ cookie, 'x-csrf-token': csrf, 'sec-fetch-site': 'same-origin' })).status,
      201,
    );
    // A page of another origin signs nobody in.
    const credentials = { body: { username: 'administrator', password: PASSWORD } };
    const foreign = { ...credentials, headers: { 'sec-fetch-site': 'cross-site' } };
    assert.equal((await server.call('POST /v1/admin/session', foreign)).status, 403);
    // What is open to all is so to a page that knows nothing of the cookie.
    const post = await server.call('POST /v1/posts', { body: { title: 'A' }, headers: { cookie } });
    assert.equal(post.status, 201);
    // A token that is presented goes before the cookie.
    const machine = await call<{ account: null }>('GET /v1/admin/session', {
      headers: { authorization: `Bearer ${ADMINISTRATOR}` },
    });
    assert.equal(machine.body.account, null);
    // The cookie's token of another session is a wrong one.
    const other = await operatorOf(server, 'administrator', 'second');
    assert.equal((await create({ cookie, 'x-csrf-token': other.csrf })).status, 403);
  });

  test('a session that has ended, a disabled account and lost roles are refused at once', async () => {
    await using server = await start();
    const root = await operatorOf(server);
    const other = await operatorOf(server, 'administrator', 'other');
    const { body } = await other.call<{ account: { id: string } }>('GET /v1/admin/session');
    const again = await signInAt(server.url, 'other', PASSWORD);
    await root.call(`POST /v1/accounts/${body.account.id}:set-roles`, { body: { roles: [] } });
    assert.equal((await other.call('GET /v1/admin/session')).status, 403);
    await root.call(`POST /v1/accounts/${body.account.id}:set-roles`, { body: { roles: ['administrator'] } });
    assert.equal((await other.call('GET /v1/admin/session')).status, 200);
    await root.call(`POST /v1/accounts/${body.account.id}:disable`);
    for (const browser of [other, again]) {
      assert.equal((await browser.call('GET /v1/admin/session')).status, 401);
      assert.equal((await browser.call('POST /v1/posts', { body: { title: 'A' } })).status, 201);
      assert.equal((await browser.call('POST /v1/notes', { body: { title: 'A' } })).status, 401);
    }
  });

  test('a viewer reads everything and changes nothing', async () => {
    await using server = await start();
    const [root, viewer] = [await operatorOf(server), await operatorOf(server, 'viewer')];
    const made = await root.call<{ id: string }>('POST /v1/notes', { body: { title: 'A', secret: 's' } });
    const { id } = made.body;
    const seen = await viewer.call<{ items: { secret: string }[] }>('GET /v1/notes');
    assert.deepEqual(
      seen.body.items.map(({ secret }) => secret),
      ['s'],
    );
    assert.equal((await viewer.call('GET /v1/accounts')).status, 200);
    assert.equal((await viewer.call('GET /v1/sessions')).status, 200);
    const search = await viewer.call<{ items: object[] }>('POST /v1/notes:search', { body: { limit: 5 } });
    assert.deepEqual([search.status, search.body.items.length], [200, 1]);
    const can = await viewer.call<Record<string, unknown>>(`GET /v1/notes/${id}:can`);
    assert.deepEqual([can.body.read, can.body.update, can.body.delete], [true, false, false]);
    const { body: me } = await viewer.call<{ account: { id: string } }>('GET /v1/admin/session');
    const own = `/v1/accounts/${me.account.id}`;
    const changes: [string, unknown?][] = [
      ['POST /v1/notes', { title: 'B' }],
      ['POST /v1/posts', { title: 'B' }],
      [`PATCH /v1/notes/${id}`, { title: 'B' }],
      [`PUT /v1/notes/${id}`, { title: 'B' }],
      [`DELETE /v1/notes/${id}`],
      ['POST /v1/notes:createMany', [{ title: 'B' }]],
      ['PATCH /v1/notes?filter[title]=A&max=1', { title: 'B' }],
      ['DELETE /v1/notes?filter[title]=A&max=1'],
      ['POST /v1/batch', { requests: [{ method: 'POST', path: '/v1/notes', body: { title: 'B' } }] }],
      ['POST /v1/keys', {}],
      ['POST /v1/accounts', { username: 'x', password: 'p' }],
      ['PATCH /v1/me', { username: 'other' }],
      [`${'PATCH'} ${own}`, { username: 'other' }],
      [`DELETE ${own}`, { password: PASSWORD }],
      [`POST ${own}:set-roles`, { roles: ['administrator'] }],
      [`POST ${own}:disable`],
      [`POST ${own}:reset-password`, { password: 'p' }],
      ['POST /effect'],
    ];
    for (const [line, body] of changes) assert.equal((await viewer.call(line, { body })).status, 403, line);
    // The own password and sessions are the viewer's.
    const change = { current: PASSWORD, next: 'another heron walks downstream' };
    assert.equal((await viewer.call('PATCH /v1/me', { body: change })).status, 204);
    assert.equal((await viewer.call('DELETE /v1/admin/session')).status, 204);
  });

  test('the cookie of one app is none of another, under its name either', async () => {
    await using server = await startApps([paper, keysOnly], await place());
    const { engines, url } = server;
    await engines[0]?.operators.create(HERE, { username: 'root', password: PASSWORD }, 'administrator');
    const { cookie, csrf } = await signInAt(`${url}/paper`, 'root', PASSWORD);
    const [, token] = cookie.split('=');
    const ask = (path: string, sent: string) =>
      callOver(url, `GET ${path}`, { headers: { cookie: sent, 'x-csrf-token': csrf } });
    assert.equal((await ask('/paper/v1/admin/session', cookie)).status, 200);
    assert.equal((await ask('/keys/v1/admin/session', cookie)).status, 401);
    assert.equal((await ask('/keys/v1/admin/session', `__Host-trestle-keys=${token}`)).status, 401);
  });

  describe('the first operator', () => {
    test('one link works once in each app, also where accounts have no passwords', async () => {
      await using server = await startApps([paper, keysOnly], await place());
      const { engines, url } = server;
      const token = 'the token of a link';
      for (const { operators } of engines) assert.equal(await operators.offerSetup(setupHash(token)), true);
      const setUp = (base: string, body: object) =>
        callOver<{ code: string }>(`${url}/${base}`, 'POST /v1/admin/setup', { body });
      const body = { token, username: 'root', password: PASSWORD };
      const weak = await setUp('paper', { ...body, password: 'p' });
      assert.deepEqual([weak.status, weak.body.code], [422, 'invalid']);
      assert.equal((await setUp('paper', { ...body, token: 'another' })).status, 401);
      for (const base of ['paper', 'keys']) {
        const all = await Promise.all(
          ['one', 'two', 'three'].map((username) => setUp(base, { ...body, username })),
        );
        assert.deepEqual(all.map(({ status }) => status).sort(), [200, 401, 401]);
        assert.equal((await setUp(base, { ...body, username: 'four' })).status, 401);
        const winner = ['one', 'two', 'three'][all.findIndex(({ status }) => status === 200)] ?? '';
        const { call } = await signInAt(`${url}/${base}`, winner, PASSWORD);
        assert.equal((await call('GET /v1/admin/session')).status, 200);
        // The link's own act is in the audit, under the name that it made, with no value.
        const { body: audit } = await call<{ items: Record<string, unknown>[] }>('GET /v1/admin/audit');
        assert.deepEqual(
          audit.items.map(({ username, credential, method, route, status, fields, address }) => ({
            ...{ username, credential, method, route, status, fields, address },
          })),
          [
            {
              username: winner,
              credential: 'session',
              method: 'POST',
              route: '/v1/admin/setup',
              status: 200,
              fields: ['username', 'password'],
              address: '127.0.0.1',
            },
          ],
        );
      }
      for (const { operators } of engines) assert.equal(await operators.offerSetup(setupHash('new')), false);
    });

    test('an earlier link is void once another was used', async () => {
      await using server = await start();
      const [engine] = server.engines;
      for (const token of ['one', 'two']) await engine?.operators.offerSetup(setupHash(token));
      const setUp = (token: string) =>
        server.call('POST /v1/admin/setup', { body: { token, username: token, password: PASSWORD } });
      const both = await Promise.all([setUp('one'), setUp('two')]);
      assert.deepEqual(both.map(({ status }) => status).sort(), [200, 401]);
    });
  });
});

const HERE = { caller: { kind: 'anonymous' }, origin: { address: '192.0.2.9' } } as const;
