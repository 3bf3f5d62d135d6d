import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { type Reply, type Served, serveApp } from 'trestle/testing';
import { everyPlace } from '../../packages/trestle/test/stores.ts';
import app, { type resources } from './app.ts';

const NOT_FOUND = { detail: 'Not found.' };

everyPlace('the contract of messages', (place) => {
  let served: Served<typeof resources>;
  let access: string;
  let refresh: string;
  const is = (reply: Reply, status: number, body: unknown) =>
    assert.deepEqual([reply.status, reply.body], [status, body]);
  const write = async (content: string) =>
    (await served.call('POST', '/api/messages', { token: access, body: { content } })).body as {
      id: number;
      updated_at: string;
    };

  before(async () => {
    served = await serveApp(app, await place());
    await served.call('POST', '/api/auth/register/', { body: { username: 'ann', password: 'pw' } });
    const tokens = await served.call('POST', '/api/auth/token/', {
      body: { username: 'ann', password: 'pw' },
    });
    ({ access, refresh } = tokens.body as { access: string; refresh: string });
  });
  after(() => served.close());

  it('registers by JSON and by form, once a name', async () => {
    const rest = { email: '', first_name: '', last_name: '', is_staff: false };
    const form = new URLSearchParams({ username: 'bob', password: 'pw' });
    is(await served.call('POST', '/api/auth/register/', { body: form }), 200, {
      id: 2,
      username: 'bob',
      ...rest,
    });
    const taken = { username: ['A user with that username already exists.'] };
    is(await served.call('POST', '/api/auth/register', { body: form }), 400, taken);
    const missing = { username: ['This field is required.'], password: ['This field is required.'] };
    is(await served.call('POST', '/api/auth/register/', { body: {} }), 400, missing);
    const blank = { username: ['This field may not be blank.'] };
    is(
      await served.call('POST', '/api/auth/register/', { body: { username: '', password: 'x' } }),
      400,
      blank,
    );
    const smuggled = { username: 'eve', password: 'x', id: 77, is_staff: true };
    is(await served.call('POST', '/api/auth/register/', { body: smuggled }), 200, {
      id: 3,
      username: 'eve',
      ...rest,
    });
  });

  it('signs in alike for an unknown name and a wrong password', async () => {
    const refused = { detail: 'No active account found with the given credentials' };
    for (const username of ['ann', 'nobody'])
      is(await served.call('POST', '/api/auth/token/', { body: { username, password: 'no' } }), 401, refused);
  });

  it('renews the access token, never the same twice, and takes neither token for the other', async () => {
    const renew = (token: unknown) =>
      served.call('POST', '/api/auth/token/refresh/', { body: { refresh: token } });
    const renewed = await Promise.all([renew(refresh), renew(refresh), renew(refresh)]);
    const tokens = new Set(renewed.map(({ body }) => (body as { access: string }).access));
    assert.equal(tokens.size, 3);
    for (const token of tokens)
      assert.equal(
        (await served.call('POST', '/api/messages', { token, body: { content: 'x' } })).status,
        201,
      );
    const invalid = { detail: 'Token is invalid or expired', code: 'token_not_valid' };
    for (const token of [access, 'x', `${refresh}x`]) is(await renew(token), 401, invalid);
    const notAccess = await served.call('POST', '/api/messages', { token: refresh, body: { content: 'x' } });
    assert.equal(notAccess.status, 401);
  });

  it('asks for credentials before anything else', async () => {
    const none = { detail: 'Authentication credentials were not provided.' };
    is(await served.call('POST', '/api/messages', { body: {} }), 401, none);
    is(await served.call('PUT', '/api/messages/999', { body: {} }), 401, none);
    is(
      await served.call('PATCH', '/api/messages/x', {
        body: '{',
        headers: { 'Content-Type': 'application/json' },
      }),
      401,
      none,
    );
    is(await served.call('DELETE', '/api/messages/999'), 401, none);
  });

  it('takes contents of 1 to 160 code points', async () => {
    const post = (body: unknown) => served.call('POST', '/api/messages', { token: access, body });
    assert.equal((await post({ content: '😀'.repeat(160) })).status, 201);
    is(await post({ content: 'x'.repeat(161) }), 400, {
      content: ['Ensure this field has no more than 160 characters.'],
    });
    is(await post({ content: '' }), 400, { content: ['This field may not be blank.'] });
    is(await post({}), 400, { content: ['This field is required.'] });
    is(await post({ content: null }), 400, { content: ['This field may not be null.'] });
    const made = await post({ content: 'own', id: 900, views: 50, created_at: '2000-01-01T00:00:00Z' });
    const { id, views } = made.body as { id: number; views: number };
    assert.ok(id < 900);
    assert.equal(views, 0);
  });

  it('counts every read in the answer, moves no updated_at, and starts again on a change', async () => {
    const { id, updated_at } = await write('counted');
    const path = `/api/messages/${id}`;
    const views = async () => ((await served.call('GET', path)).body as { views: number }).views;
    assert.deepEqual([await views(), await views()], [1, 2]);
    await served.call('HEAD', path);
    await served.call('GET', '/api/messages');
    const many = await Promise.all(Array.from({ length: 60 }, views));
    assert.equal(new Set(many).size, 60);
    const read = (await served.call('GET', path)).body as { views: number; updated_at: string };
    assert.deepEqual([read.views, read.updated_at], [63, updated_at]);
    for (const method of ['PUT', 'PATCH']) {
      const changed = await served.call(method, path, { token: access, body: { content: 'counted' } });
      assert.deepEqual([changed.status, (changed.body as { views: number }).views], [200, 0]);
      assert.equal(await views(), 1);
    }
  });

  it('answers for messages that are not there', async () => {
    is(await served.call('GET', '/api/messages/999'), 404, { error: 'Message not found!' });
    for (const method of ['PUT', 'PATCH', 'DELETE'])
      is(
        await served.call(method, '/api/messages/999', { token: access, body: { content: 'x' } }),
        404,
        NOT_FOUND,
      );
    for (const id of ['x', '0', '-1', '99999999999999999999'])
      is(await served.call('GET', `/api/messages/${id}`), 404, { error: 'Message not found!' });
    for (const method of ['PUT', 'PATCH', 'DELETE'])
      for (const path of ['/api/messages', '/api/messages/'])
        is(await served.call(method, path), 405, { detail: `Method "${method}" not allowed.` });
    is(await served.call('GET', '/api/nothing'), 404, NOT_FOUND);
  });

  it('deletes with 204 and without a body', async () => {
    const { id } = await write('gone');
    is(await served.call('DELETE', `/api/messages/${id}/`, { token: access }), 204, undefined);
    is(await served.call('GET', `/api/messages/${id}`), 404, { error: 'Message not found!' });
  });

  it('lists all, last updated first, and cuts the list with a Link to the next part', async () => {
    const first = await write('first');
    const second = await write('second');
    // Of two that were updated in one millisecond the later id is first.
    for (let time = 1, { updated_at } = second; updated_at <= second.updated_at; time += 1) {
      const body = { content: `first again ${time}` };
      const changed = await served.call('PATCH', `/api/messages/${first.id}`, { token: access, body });
      ({ updated_at } = changed.body as { updated_at: string });
    }
    const all = (await served.call('GET', '/api/messages/')).body as { id: number; updated_at: string }[];
    assert.deepEqual(
      all.slice(0, 2).map(({ id }) => id),
      [first.id, second.id],
    );
    const sorted = all
      .map(({ updated_at }) => updated_at)
      .sort()
      .reverse();
    assert.deepEqual(
      all.map(({ updated_at }) => updated_at),
      sorted,
    );
    const seen: number[] = [];
    let path = '/api/messages?limit=3&offset=0';
    for (;;) {
      const part = await served.call('GET', path);
      seen.push(...(part.body as { id: number }[]).map(({ id }) => id));
      const next = /<([^>]+)>; rel="next"/.exec(part.headers.get('link') ?? '')?.[1];
      if (!next) break;
      path = next;
    }
    assert.deepEqual(
      seen,
      all.map(({ id }) => id),
    );
    assert.equal((await served.call('GET', '/api/messages?limit=-1')).status, 400);
  });

  it('answers a short list at once, and streams the same of a longer one', async () => {
    const list = async (query = '') => {
      const { body, headers } = await served.call('GET', `/api/messages${query}`);
      return { rows: body as { id: number }[], streamed: headers.get('transfer-encoding') === 'chunked' };
    };
    const missing = 100 - (await list()).rows.length;
    await Promise.all(Array.from({ length: missing }, (_, at) => write(`filler ${at}`)));
    const short = await list();
    assert.deepEqual([short.rows.length, short.streamed], [100, false]);
    const { id } = await write('one more');
    const long = await list();
    assert.equal(long.streamed, true);
    assert.deepEqual(long.rows.slice(1), short.rows);
    assert.equal(long.rows[0]?.id, id);
    assert.deepEqual(long.rows, (await list('?limit=1000')).rows);
    assert.deepEqual((await list('?offset=2')).rows, long.rows.slice(2));
    assert.deepEqual((await list('?limit=0')).rows, []);
  });

  it('answers HEAD, OPTIONS and wrong methods', async () => {
    const { id } = await write('methods');
    for (const path of ['/api/messages', `/api/messages/${id}`]) {
      is(await served.call('HEAD', path), 200, undefined);
      assert.match((await served.call('OPTIONS', path)).headers.get('allow') ?? '', /GET/);
    }
    const reply = await served.call('POST', `/api/messages/${id}`, { token: access, body: {} });
    is(reply, 405, { detail: 'Method "POST" not allowed.' });
    assert.equal(reply.headers.get('allow'), 'GET, HEAD, PUT, PATCH, DELETE, OPTIONS');
  });

  it('shows its documentation at /', async () => {
    const page = await served.call('GET', '/');
    assert.equal(page.status, 200);
    assert.match(String(page.headers.get('content-type')), /text\/html/);
  });
});
