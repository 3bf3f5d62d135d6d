import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { everyPlace } from '../../../packages/trestle/test/stores.ts';
import { Client, INSTANT, json, member, refused, wrong } from './client.ts';

everyPlace('changelog', (place) => {
  const client = new Client(place);

  describe('users', () => {
    test('signing up answers 201 with the user, and a taken name 400', async () => {
      const body = { username: 'Ben2', password: 'p' };
      const created = await client.anonymous('POST', '/users', { body });
      assert.equal(created.status, 201);
      assert.deepEqual(Object.keys(Object(created.body)), ['user_id', 'username', 'creation_date']);
      assert.match(String(member(created.body, 'creation_date')), INSTANT);
      refused(await client.anonymous('POST', '/users', { body }), 400, 'Username already registered.');
    });

    test('a form signs up as well', async () => {
      const body = new URLSearchParams({ username: 'formuser', password: 'p' });
      const created = await client.anonymous('POST', '/users/', { body });
      assert.deepEqual([created.status, member(created.body, 'username')], [201, 'formuser']);
    });

    test('user names are alphanumeric and not empty', async () => {
      for (const username of ['an na', 'a-b', '', 'a\u200bb', 'a\tb', "a'; drop"]) {
        const reply = await client.anonymous('POST', '/users', { body: { username, password: 'p' } });
        assert.deepEqual(wrong(reply)[0]?.[0], ['body', 'username'], username);
      }
    });

    test('missing and mistyped members are named together', async () => {
      assert.deepEqual(wrong(await client.anonymous('POST', '/users', { body: { password: 5 } })), [
        [['body', 'username'], 'value_error.missing'],
        [['body', 'password'], 'type_error.str'],
      ]);
    });

    test('a user is read by id; another id is 404', async () => {
      const found = await client.call('GET', '/users/1');
      assert.deepEqual([found.status, member(found.body, 'username')], [200, 'anna']);
      refused(await client.call('GET', '/users/4711'), 404, "Couldn't find user of id 4711.");
      assert.deepEqual(wrong(await client.call('GET', '/users/me')), [
        [['path', 'id'], 'type_error.integer'],
      ]);
    });
  });

  describe('signing in', () => {
    test('by the OAuth2 password form and by JSON', async () => {
      const fields = { grant_type: 'password', username: 'anna', password: 'x', scope: '' };
      for (const body of [new URLSearchParams(fields), fields]) {
        const reply = await client.anonymous('POST', '/login', { body });
        assert.equal(reply.status, 200);
        assert.deepEqual(Object.keys(Object(reply.body)), ['access_token', 'token_type']);
        assert.equal(member(reply.body, 'token_type'), 'bearer');
        assert.equal(reply.headers.get('cache-control'), 'no-store');
      }
    });

    test('a wrong password and an unknown name are refused alike', async () => {
      for (const body of [
        { username: 'anna', password: 'y' },
        { username: 'nobody', password: 'y' },
      ])
        refused(await client.anonymous('POST', '/login', { body }), 403, 'Invalid Credentials');
    });

    test('an expired or foreign token in the header does not keep anyone from signing in', async () => {
      const body = { username: 'anna', password: 'x' };
      assert.equal((await client.anonymous('POST', '/login', { body, token: 'stale' })).status, 200);
      const headers = { Authorization: 'Basic Og==' };
      assert.equal((await client.anonymous('POST', '/login', { body, headers })).status, 200);
    });

    test('the token lasts 45 minutes', () => {
      const claims: unknown = JSON.parse(
        Buffer.from(client.token.split('.')[1] ?? '', 'base64url').toString(),
      );
      assert.equal(Number(member(claims, 'exp')) - Number(member(claims, 'iat')), 45 * 60);
    });
  });

  describe('credentials', () => {
    const routes = [
      ['GET', '/users/1'],
      ['GET', '/projects'],
      ['GET', '/projects/1'],
      ['POST', '/projects'],
      ['PUT', '/projects/1'],
      ['DELETE', '/projects/1'],
      ['POST', '/updates'],
      ['PUT', '/updates/1'],
      ['DELETE', '/updates/1'],
    ] as const;

    for (const [method, path] of routes) {
      test(`${method} ${path} wants a token before it looks at anything else`, async () => {
        const broken = method === 'POST' || method === 'PUT' ? { body: '{', headers: json } : {};
        const none = await client.anonymous(method, path, broken);
        refused(none, 401, 'Not authenticated');
        assert.equal(none.headers.get('www-authenticate'), 'Bearer');
        const bad = await client.anonymous(method, path, { ...broken, token: 'nonsense' });
        refused(bad, 401, 'Could not validate credentials');
        assert.equal(bad.headers.get('www-authenticate'), 'Bearer');
      });
    }

    test('a token without a signature, or with another, is refused', async () => {
      const [head = '', claims = '', signature = ''] = client.token.split('.');
      const unsigned = (alg: string) =>
        Buffer.from(JSON.stringify({ alg, typ: 'at+jwt' })).toString('base64url');
      const turned = signature.startsWith('A') ? `B${signature.slice(1)}` : `A${signature.slice(1)}`;
      const forged = [
        `${unsigned('none')}.${claims}.`,
        `${unsigned('nOnE')}.${claims}.`,
        `${unsigned('none')}.${claims}.${signature}`,
        `${head}.${claims}.`,
        `${head}.${claims}`,
        `${head}.${claims}.${turned}`,
      ];
      for (const each of forged)
        refused(
          await client.anonymous('GET', '/projects', { token: each }),
          401,
          'Could not validate credentials',
        );
    });
  });

  test('the log holds neither a password nor a token', () => {
    assert.ok(client.served.log().includes('/login'));
    assert.ok(!client.served.log().includes(client.token.slice(-20)));
  });
});
