import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eachPlace } from '../stores.ts';
import { at, Notebook, problem } from './notes.ts';

eachPlace('accounts of the uniform API', (place) => {
  const book = new Notebook(place);

  describe('accounts', () => {
    test('signing up answers 201 with the account and its place', async () => {
      const created = await book.anonymous('POST', '/v1/accounts', {
        body: { username: 'new', password: 'p' },
      });
      assert.equal(created.status, 201);
      const { id, username, created_at, ...rest } = Object(created.body);
      assert.deepEqual([username, typeof created_at, rest], ['new', 'string', {}]);
      assert.equal(created.headers.get('location'), `/v1/accounts/${id}`);
      const found = await book.call('GET', `/v1/accounts/${id}`);
      assert.deepEqual([found.status, found.body], [200, created.body]);
      problem(await book.anonymous('GET', `/v1/accounts/${id}`), 401, 'unauthenticated');
    });

    test('a taken name, a wrong one, and members there are not', async () => {
      const signUp = (body: object) => book.anonymous('POST', '/v1/accounts', { body });
      problem(await signUp({ username: 'anna', password: 'p' }), 409, 'conflict', ['/username']);
      problem(await signUp({ username: 'a\u202eb', password: 'p' }), 422, 'invalid', ['/username']);
      problem(await signUp({ username: 5 }), 422, 'invalid', ['/password', '/username']);
      problem(
        await signUp({ username: 'x', password: 'p', id: 'mine', role: 'admin' }),
        400,
        'unknown_field',
        ['/id', '/role'],
      );
    });

    test('an account there is not', async () => {
      problem(await book.call('GET', '/v1/accounts/01890000-0000-7000-8000-000000000000'), 404, 'not_found');
      problem(await book.call('GET', '/v1/accounts/1'), 404, 'not_found');
    });
  });

  describe('sessions', () => {
    const signIn = (password = 'p') =>
      book.anonymous('POST', '/v1/sessions', {
        body: new URLSearchParams({ grant_type: 'password', username: 'anna', password }),
      });

    test('signing in answers as OAuth2 has it, not to be stored', async () => {
      const reply = await signIn();
      assert.equal(reply.status, 200);
      const { access_token, refresh_token, session, account, ...rest } = Object(reply.body);
      assert.deepEqual(rest, { token_type: 'bearer', expires_in: 600 });
      assert.deepEqual(
        [at(account, 'username'), typeof session, typeof refresh_token],
        ['anna', 'string', 'string'],
      );
      assert.equal(reply.headers.get('cache-control'), 'no-store');
      const me = await book.anonymous('GET', '/v1/me', { token: access_token });
      assert.deepEqual(me.body, account);
    });

    test('a wrong password and an unknown name are 401 alike', async () => {
      problem(await signIn('q'), 401, 'invalid_credentials');
      const body = { username: 'nobody', password: 'p' };
      problem(await book.anonymous('POST', '/v1/sessions', { body }), 401, 'invalid_credentials');
    });

    test('a refresh token is exchanged, by either path', async () => {
      for (const path of ['/v1/sessions:refresh', '/v1/sessions/refresh']) {
        const before = Object((await signIn()).body);
        const body = { grant_type: 'refresh_token', refresh_token: before.refresh_token };
        const after = await book.anonymous('POST', path, { body });
        assert.equal(after.status, 200);
        assert.equal(at(after.body, 'session'), before.session);
        assert.notEqual(at(after.body, 'refresh_token'), before.refresh_token);
        problem(
          await book.anonymous('POST', path, { body: { refresh_token: before.access_token } }),
          401,
          'invalid_token',
        );
      }
    });

    test('sessions are listed, one is ended, then all', async () => {
      const token = await book.signUp('olga');
      const other = at(
        (await book.anonymous('POST', '/v1/sessions', { body: { username: 'olga', password: 'p' } })).body,
        'access_token',
      );
      const list = await book.anonymous('GET', '/v1/sessions', { token });
      const items = at(list.body, 'items');
      assert.ok(Array.isArray(items));
      assert.deepEqual(items.map((item) => at(item, 'current')).sort(), [false, true]);
      const ended = items.find((item) => at(item, 'current') === false);
      assert.equal(
        (await book.anonymous('DELETE', `/v1/sessions/${at(ended, 'id')}`, { token })).status,
        204,
      );
      problem(await book.anonymous('GET', '/v1/me', { token: String(other) }), 401, 'invalid_token');
      const foreign = `/v1/sessions/${at(ended, 'id')}`;
      problem(await book.call('DELETE', foreign), 404, 'not_found');
      assert.equal((await book.anonymous('DELETE', '/v1/sessions', { token })).status, 204);
      problem(await book.anonymous('GET', '/v1/me', { token }), 401, 'invalid_token');
    });

    test('a new password needs the old one and ends the other sessions', async () => {
      const token = await book.signUp('paul');
      const change = (body: object) => book.anonymous('PATCH', '/v1/me', { token, body });
      problem(await change({ current: 'wrong', next: 'n' }), 400, 'wrong_password', ['/current']);
      problem(await change({ next: 'n' }), 422, 'invalid', ['/current']);
      const other = await book.anonymous('POST', '/v1/sessions', {
        body: { username: 'paul', password: 'p' },
      });
      assert.equal((await change({ current: 'p', next: 'n' })).status, 204);
      assert.equal((await book.anonymous('GET', '/v1/me', { token })).status, 200);
      problem(
        await book.anonymous('GET', '/v1/me', { token: String(at(other.body, 'access_token')) }),
        401,
        'invalid_token',
      );
      const again = await book.anonymous('POST', '/v1/sessions', {
        body: { username: 'paul', password: 'n' },
      });
      assert.equal(again.status, 200);
    });
  });

  describe('keys', () => {
    const newKey = async (body: object = {}) => {
      const created = await book.call('POST', '/v1/keys', body);
      assert.equal(created.status, 201, JSON.stringify(created.body));
      return { id: String(at(created.body, 'id')), key: String(at(created.body, 'key')), created };
    };
    const withKey = (key: string, path = '/v1/me', method = 'GET') =>
      book.anonymous(method, path, { headers: { 'X-API-Key': key } });

    test('are shown whole once, and serve as Bearer and in X-API-Key', async () => {
      const { id, key, created } = await newKey({ name: 'ci' });
      assert.equal(created.headers.get('location'), `/v1/keys/${id}`);
      assert.equal(created.headers.get('cache-control'), 'no-store');
      assert.equal(at((await withKey(key)).body, 'username'), 'anna');
      assert.equal(at((await book.anonymous('GET', '/v1/me', { token: key })).body, 'username'), 'anna');
      const one = await book.call('GET', `/v1/keys/${id}`);
      assert.deepEqual([one.status, at(one.body, 'name'), at(one.body, 'key')], [200, 'ci', undefined]);
      assert.ok(!JSON.stringify((await book.call('GET', '/v1/keys')).body).includes(key));
    });

    test('are switched off and on, renewed, rolled and deleted', async () => {
      const { id, key } = await newKey();
      const act = (verb: string, body?: object) => book.call('POST', `/v1/keys/${id}:${verb}`, body);
      assert.deepEqual(at((await act('deactivate')).body, 'active'), false);
      problem(await withKey(key), 401, 'invalid_key');
      assert.deepEqual(at((await act('activate')).body, 'active'), true);
      assert.equal((await withKey(key)).status, 200);
      const until = new Date(Date.now() + 86_400_000).toISOString();
      assert.equal(at((await act('renew', { expires_at: until })).body, 'expires_at'), until);
      const rolled = await act('roll', { overlap: 0 });
      assert.equal(rolled.status, 201);
      assert.equal((await withKey(String(at(rolled.body, 'key')))).status, 200);
      problem(await withKey(key), 401, 'invalid_key');
      const next = `/v1/keys/${at(rolled.body, 'id')}`;
      assert.equal((await book.call('DELETE', next)).status, 204);
      problem(await book.call('GET', next), 404, 'not_found');
    });

    test('verbs stand after a slash too', async () => {
      const { id } = await newKey();
      assert.equal(at((await book.call('POST', `/v1/keys/${id}/deactivate`)).body, 'active'), false);
    });

    test('uses are recorded behind the answer', async () => {
      const { id, key } = await newKey();
      await withKey(key);
      await withKey(key, '/v1/nowhere');
      await withKey(key, '/v1/vaults');
      const deadline = Date.now() + 5000;
      let uses: unknown;
      do uses = at((await book.call('GET', `/v1/keys/${id}/uses`)).body, 'items');
      while (at(uses, 'length') !== 2 && Date.now() < deadline);
      assert.ok(Array.isArray(uses));
      const seen = uses.map((use) => [at(use, 'method'), at(use, 'route'), at(use, 'status')]);
      assert.deepEqual(seen, [
        ['GET', '/v1/vaults', 403],
        ['GET', '/v1/me', 200],
      ]);
      problem(await book.call('GET', `/v1/keys/${id}/uses?limit=0`), 400, 'invalid_query', ['limit']);
    });

    test('belong to their account: nobody else reads or changes them', async () => {
      const { id } = await newKey();
      const asBen = (method: string, path: string) => book.anonymous(method, path, { token: book.ben });
      for (const [method, path] of [
        ['GET', ''],
        ['DELETE', ''],
        ['POST', ':deactivate'],
        ['POST', ':roll'],
        ['GET', '/uses'],
      ] as const)
        problem(await asBen(method, `/v1/keys/${id}${path}`), 404, 'not_found');
      problem(await book.anonymous('POST', '/v1/keys', { body: { account: 'x' } }), 401, 'unauthenticated');
    });

    test('scopes narrow what a key may', async () => {
      const { key } = await newKey({ scopes: ['notes:read'] });
      assert.equal((await withKey(key, '/v1/notes')).status, 200);
      const write = await book.anonymous('POST', '/v1/notes', {
        body: { title: 'x' },
        headers: { 'X-API-Key': key },
      });
      problem(write, 403, 'forbidden');
    });
  });

  describe('credentials', () => {
    test('a malformed header, and two different credentials', async () => {
      for (const value of ['Bearer', 'Bearer ', 'Bearer a b', 'Bearer ä'.replace('ä', '"')]) {
        const reply = await book.anonymous('GET', '/v1/notes', { headers: { Authorization: value } });
        problem(reply, 401, 'invalid_token');
        assert.equal(reply.headers.get('www-authenticate'), 'Bearer error="invalid_token"');
      }
      const both = { token: book.anna, headers: { 'X-API-Key': 'another' } };
      problem(await book.anonymous('GET', '/v1/me', both), 400, 'malformed');
      problem(
        await book.anonymous('GET', '/v1/me', { headers: { 'X-API-Key': 'trs_nonsense' } }),
        401,
        'invalid_key',
      );
      problem(await book.anonymous('GET', `/v1/me?access_token=${book.anna}`), 401, 'unauthenticated');
    });

    test('credentials of another scheme are none', async () => {
      for (const value of ['Basic eDp5', 'Token x', book.anna]) {
        const headers = { Authorization: value };
        assert.equal((await book.anonymous('GET', '/v1/notes', { headers })).status, 200);
        problem(await book.anonymous('GET', '/v1/me', { headers }), 401, 'unauthenticated');
      }
    });

    test('bad credentials are refused also where anyone may come', async () => {
      problem(await book.anonymous('GET', '/v1/notes', { token: 'stale' }), 401, 'invalid_token');
    });
  });
});
