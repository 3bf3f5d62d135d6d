// A browser's EventSource and its downloads, which can send no header, sign in by a ticket: for one request, one path, one
// caller and 30 s, taken by any process, and never in a log or stored in the clear.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { accounts, anyText, app, resource, signedIn, state, text } from 'trestle';
import { bytes, type Contract, route } from 'trestle/contract';
import { serveApp } from 'trestle/testing';
import { clock, newAccount, openDemo } from '../accounts/opened.ts';
import { runSql } from '../run-sql.ts';
import { eachStore, everyPlace } from '../stores.ts';

const stages = resource({
  fields: { name: text({ unique: true }) },
  can: { read: signedIn },
  rows: [{ name: 'Draft' }, { name: 'Sent' }],
});
const letters = resource({
  fields: { title: text(), stage: state('stages', { initial: 'Draft' }) },
  can: { read: signedIn, create: signedIn, update: signedIn },
  lifecycle: { field: 'stage', operations: { send: { from: 'Draft', to: 'Sent', run: async () => ({}) } } },
});
const contract = (): Contract => ({
  routes: [
    route(
      'GET',
      '/whose.txt',
      { summary: 'Whose', can: signedIn, produces: 'text/plain', answers: { 200: null } },
      ({ caller }) => bytes({ content: Buffer.from(JSON.stringify(caller)), type: 'text/plain' }),
    ),
    route('GET', '/json', { summary: 'JSON', can: signedIn, answers: { 200: null } }, () => ({
      status: 204,
    })),
  ],
  errors: ({ status, code }) => ({ status, body: { code } }),
});
const post = app({
  name: 'post',
  accounts: accounts({ password: anyText }),
  resources: { stages, letters },
  contract,
});

everyPlace('tickets', (place) => {
  it('open streams and downloads, once', async (t) => {
    const served = await serveApp(post, await place());
    t.after(() => served.close());
    const { call, administrator } = served;
    const credentials = { username: 'ann', password: 'pass' };
    await call('POST', '/v1/accounts', { body: credentials });
    const { body: tokens } = await call('POST', '/v1/sessions', { body: credentials });
    const { access_token: token, session } = tokens as { access_token: string; session: string };
    const { body: made } = await call('POST', '/v1/keys', { token, body: { scopes: ['letters:read'] } });
    const { id: keyId, key } = made as { id: string; key: string };
    const given: string[] = [];
    const ticketOf = async (by: string, path: string) => {
      const { status, body, headers } = await call('POST', '/v1/tickets', { token: by, body: { path } });
      assert.equal(status, 201, JSON.stringify(body));
      assert.equal(headers.get('cache-control'), 'no-store');
      const { ticket, expires_at } = body as { ticket: string; expires_at: string };
      assert.ok(Date.parse(expires_at) < Date.now() + 60_000);
      given.push(ticket);
      return ticket;
    };
    const open = (path: string, ticket: string, headers = {}) =>
      call('GET', `${path}?ticket=${ticket}`, { headers });

    const letter = await call('POST', '/v1/letters', { token, body: { title: 'x' } });
    const { body: started } = await call('POST', `/v1/letters/${Object(letter.body).id}:send`, { token });
    const events = `/v1/operations/${Object(started).id}/events`;
    const ticket = await ticketOf(token, events);
    const stream = await open(events, ticket);
    assert.deepEqual(
      [stream.status, stream.headers.get('content-type')],
      [200, 'text/event-stream; charset=utf-8'],
    );
    assert.equal((await open(events, ticket)).status, 401, 'spent');

    // It stands for its caller, with the key's own scopes.
    const whose = async (by: string) =>
      JSON.parse(String((await open('/whose.txt', await ticketOf(by, '/whose.txt'))).body));
    assert.equal((await whose(token)).session, session);
    assert.deepEqual([(await whose(key)).key, (await whose(key)).scopes], [keyId, ['letters:read']]);
    assert.deepEqual(await whose(administrator), { kind: 'administrator' });

    // Of many at once one is let in; for another path none is, and the ticket is gone.
    const raced = await ticketOf(token, '/whose.txt');
    const answers = await Promise.all(Array.from({ length: 9 }, () => open('/whose.txt', raced)));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, ...Array(8).fill(401)]);
    const strayed = await ticketOf(token, '/whose.txt');
    assert.deepEqual(
      [(await open(events, strayed)).status, (await open('/whose.txt', strayed)).status],
      [401, 401],
    );
    for (const wrong of ['x', 'y'.repeat(43), '[]'])
      assert.equal((await open('/whose.txt', wrong)).status, 401);
    const two = await ticketOf(token, '/whose.txt');
    assert.equal((await open('/whose.txt', two, { authorization: `Bearer ${key}` })).status, 400);

    // Only what browsers open by themselves takes one.
    assert.equal((await open('/json', await ticketOf(token, '/json'))).status, 401);
    const listed = await open('/v1/letters', await ticketOf(token, '/v1/letters'));
    assert.equal(listed.status, 401);
    for (const path of ['', 'x', '/a?b=c', '/a b', '/ü', `/${'x'.repeat(2000)}`, 5])
      assert.equal((await call('POST', '/v1/tickets', { token, body: { path } })).status, 422, String(path));
    assert.equal((await call('POST', '/v1/tickets', { body: { path: '/x' } })).status, 401);

    // It ends with the credentials that it was made with.
    const orphans = [await ticketOf(token, '/whose.txt'), await ticketOf(key, '/whose.txt')];
    await call('DELETE', `/v1/keys/${keyId}`, { token });
    await call('DELETE', '/v1/sessions', { token });
    for (const orphan of orphans) assert.equal((await open('/whose.txt', orphan)).status, 401);

    assert.ok(given.length > 10);
    const kept = JSON.stringify(await runSql(served.engine.store, 'select * from _trestle_tickets'));
    for (const one of given) assert.ok(!served.log().includes(one) && !kept.includes(one));

    const { body: document } = await call('GET', '/openapi.json');
    const { paths, components } = document as {
      paths: Record<string, { get?: { security: object[] }; post?: object }>;
      components: { securitySchemes: Record<string, object> };
    };
    const takers = Object.entries(paths).filter(([, { get }]) =>
      get?.security.some((one) => 'ticket-query' in one),
    );
    assert.deepEqual(
      takers.map(([path]) => path).filter((path) => !path.startsWith('/v1/admin/')),
      ['/whose.txt', '/v1/operations/{id}/events'],
    );
    assert.ok(paths['/v1/tickets']?.post && components.securitySchemes['ticket-query']);
  });
});

eachStore('a ticket', (open) => {
  it('is taken for 30 s, and is removed after that', async () => {
    const time = clock();
    const demo = await openDemo(await open(), { now: time.now });
    const { caller } = await newAccount(demo, 'ann');
    const { ticket } = await demo.tickets.create({ caller }, { path: '/x' });
    const late = await demo.tickets.create({ caller }, { path: '/x' });
    time.pass(29.999);
    assert.deepEqual(await demo.authenticate.ticket(ticket, '/x'), caller);
    time.pass(0.001);
    await assert.rejects(demo.authenticate.ticket(late.ticket, '/x'), { code: 'invalid_token' });
    await demo.tickets.create({ caller }, { path: '/y' });
    time.pass(31);
    await demo.tickets.create({ caller }, { path: '/z' });
    const rows = await runSql(demo.store, 'select path from _trestle_tickets');
    assert.deepEqual(
      rows.map(({ path }) => path),
      ['/z'],
    );
    await demo.close();
  });
});
