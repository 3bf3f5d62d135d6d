import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type Reply, type Served, serveApp } from 'trestle/testing';
import { at } from './notes.ts';
import { endless, probe } from './probe.ts';

let served: Served<typeof probe.resources>;
let token: string;

before(async () => {
  served = await serveApp(probe);
  const body = { username: 'anna', password: 'p' };
  await served.call('POST', '/v1/accounts', { body });
  token = String(at((await served.call('POST', '/v1/sessions', { body })).body, 'access_token'));
});

after(() => served.close());

/** The errors of an answer: part, pointer and code. */
function wrong({ body }: Reply): unknown[] {
  const errors = at(body, 'errors');
  assert.ok(Array.isArray(errors));
  return errors.map((error) => `${at(error, 'in')} ${at(error, 'pointer')} ${at(error, 'code')}`);
}

describe('paths and queries', () => {
  const echo = async (path: string) => served.call('GET', `/echo/${path}`);

  test('texts become what the schemas say', async () => {
    const { status, body, headers } = await echo(
      '7?count=3&ratio=1e-3&flag=Yes&words=a&words=b&when=5&other=x',
    );
    assert.deepEqual([status, headers.get('x-kind')], [200, 'echo']);
    assert.deepEqual(at(body, 'params'), { id: 7 });
    assert.deepEqual(at(body, 'query'), { count: 3, ratio: 0.001, flag: true, words: ['a', 'b'], when: 5 });
    assert.deepEqual(at((await echo('-7?words=a&flag=0&when=')).body, 'query'), {
      words: ['a'],
      flag: false,
      when: null,
    });
    assert.deepEqual(at((await echo('1?count=1&count=2')).body, 'query'), { count: 2 });
  });

  test('what does not is named, of path and query together', async () => {
    const reply = await echo('x?count=-1&ratio=NaN&flag=2&when=soon');
    assert.equal(reply.status, 422);
    assert.deepEqual(wrong(reply), [
      'path id type',
      'query count minimum',
      'query ratio type',
      'query flag type',
      'query when type',
    ]);
    assert.deepEqual([at(reply.body, 'summary'), at(reply.body, 'params')], ['Echo', { id: 'x' }]);
    assert.deepEqual(wrong(await echo('9007199254740993')), ['path id type']);
  });

  test('every path stands with and without its slash; the page at / too', async () => {
    assert.equal((await echo('1/')).status, 200);
    for (const path of ['/things', '/things/'])
      assert.equal((await served.call('POST', path, { token, body: { name: 'ab' } })).status, 200);
    assert.equal((await served.call('GET', '/', { headers: { Accept: 'text/html' } })).status, 200);
    const unknown = await served.call('GET', '/nowhere');
    assert.deepEqual([unknown.status, at(unknown.body, 'oops')], [404, 'not_found']);
    assert.equal(at((await served.call('GET', '/v1/nowhere')).body, 'code'), 'not_found');
  });

  test('HEAD runs the route and says so', async () => {
    const head = await served.call('HEAD', '/echo/1');
    assert.deepEqual([head.status, head.body, head.headers.get('x-kind')], [200, undefined, 'echo']);
  });
});

test('a route of another media type takes who asks for that, and its failures are JSON', async () => {
  const ask = (Accept: string, path = '/endless') => served.call('HEAD', path, { headers: { Accept } });
  for (const accept of ['text/plain', 'application/json', '*/*'])
    assert.equal((await ask(accept)).status, 200);
  assert.equal((await ask('text/html')).status, 406);
  assert.equal((await ask('text/plain', '/echo/1')).status, 406);
});

describe('bodies', () => {
  const post = (path: string, body: unknown) => served.call('POST', path, { token, body });

  test('members that are not named are left out, at every depth', async () => {
    const body = { name: 'ab', other: 1, inner: { a: 'x', b: 'y', list: [1] }, constructor: 1 };
    const expected = { name: 'ab', inner: { a: 'x', list: [1] } };
    assert.deepEqual(at((await post('/things', body)).body, 'body'), expected);
  });

  test('a form’s texts become what the schema says; lists and objects are JSON texts', async () => {
    const form = new URLSearchParams({ name: '12', count: '5', inner: '{"a":"x","list":[1,2]}', other: 'z' });
    const expected = { name: '12', count: 5, inner: { a: 'x', list: [1, 2] } };
    assert.deepEqual(at((await post('/things', form)).body, 'body'), expected);
    const broken = new URLSearchParams({ name: 'ab', count: '5.5', inner: '{"a"' });
    assert.deepEqual(wrong(await post('/things', broken)), ['body /count type', 'body /inner type']);
  });

  test('what is wrong is named; no body at all lacks what is required', async () => {
    assert.deepEqual(wrong(await post('/things', { name: 'a', count: '5' })), [
      'body /name min_length',
      'body /count type',
    ]);
    assert.deepEqual(wrong(await post('/things', undefined)), ['body /name required']);
    assert.deepEqual(wrong(await post('/things', [])), ['body  type']);
    assert.deepEqual(wrong(await post('/things', { name: 'ab', inner: { list: ['x'] } })).sort(), [
      'body /inner/a required',
      'body /inner/list/0 type',
    ]);
  });

  test('a route may check its body itself', async () => {
    assert.deepEqual(at((await post('/late', { name: 5, other: 1 })).body, 'body'), { name: 5 });
  });
});

describe('credentials', () => {
  const who = async (options: Parameters<typeof served.call>[2]) => {
    const { body } = await served.call('DELETE', '/whoami', options);
    return at(body, 'caller', 'kind') ?? at(body, 'oops');
  };
  let key: string;

  before(async () => {
    key = String(at((await served.call('POST', '/v1/keys', { token, body: {} })).body, 'key'));
  });

  test('are taken from the places of the contract, and from the two that are everywhere', async () => {
    assert.equal(await who({}), 'anonymous');
    assert.equal(await who({ token }), 'account');
    assert.equal(await who({ body: { 'access-token': token } }), 'account');
    assert.equal(await who({ body: new URLSearchParams({ 'access-token': token }) }), 'account');
    assert.equal(await who({ headers: { 'Api-Key': key } }), 'key');
    assert.equal(await who({ headers: { 'X-API-Key': key } }), 'key');
    assert.equal(await who({ token: key }), 'key');
    const { body } = await served.call('DELETE', `/whoami?api-key=${key}`);
    assert.equal(at(body, 'caller', 'kind'), 'key');
  });

  test('are taken under another scheme of the Authorization header', async () => {
    assert.equal(await who({ headers: { Authorization: `Token ${token}` } }), 'account');
    assert.equal(await who({ headers: { Authorization: `token  ${key}` } }), 'key');
    assert.equal(await who({ headers: { Authorization: 'Token' } }), 'invalid_token');
    assert.equal(await who({ headers: { Authorization: 'Token x y' } }), 'invalid_token');
    assert.equal(await who({ headers: { Authorization: 'Tokens x' } }), 'anonymous');
  });

  test('are taken from a cookie, unless a page of another origin makes a browser send it', async () => {
    const cookie = { Cookie: `a=b; sid=${token}; c="d"` };
    assert.equal(await who({ headers: cookie }), 'account');
    assert.equal(await who({ headers: { Cookie: `sid="${token}"` } }), 'account');
    assert.equal(await who({ headers: { Cookie: `xsid=${token}` } }), 'anonymous');
    assert.equal(await who({ headers: { ...cookie, 'Sec-Fetch-Site': 'same-origin' } }), 'account');
    assert.equal(await who({ headers: { ...cookie, Origin: served.url } }), 'account');
    for (const foreign of [{ 'Sec-Fetch-Site': 'cross-site' }, { Origin: 'https://evil.example' }])
      assert.equal(await who({ headers: { ...cookie, ...foreign } }), 'anonymous');
    const touch = await served.call('GET', '/touch', {
      headers: { ...cookie, 'Sec-Fetch-Site': 'cross-site' },
    });
    assert.equal(at(touch.body, 'caller', 'kind'), 'anonymous', 'nor in a GET that changes something');
  });

  test('the same one twice is one, two are refused, empty ones are none', async () => {
    assert.equal(await who({ token, body: { 'access-token': token } }), 'account');
    assert.equal(await who({ token, headers: { 'api-key': key } }), 'malformed');
    assert.equal(await who({ token, body: { 'access-token': 'other' } }), 'malformed');
    assert.equal(await who({ body: { 'access-token': '' } }), 'anonymous');
    assert.equal(await who({ body: { 'access-token': null } }), 'anonymous');
  });

  test('bad ones are refused, whatever they are', async () => {
    assert.equal(await who({ body: { 'access-token': 5 } }), 'invalid_token');
    assert.equal(await who({ body: { 'access-token': [token] } }), 'invalid_token');
    assert.equal(await who({ body: { 'access-token': 'x' } }), 'invalid_token');
    assert.equal(await who({ headers: { 'api-key': 'x' } }), 'invalid_key');
  });

  test('routes of the administrator look at the secret; a key is an argument there', async () => {
    const manage = (headers: Record<string, string>) =>
      served.call('GET', `/manage?api-key=${key}`, { headers });
    const managed = await manage({ 'Secret-Key': served.administrator });
    assert.deepEqual(managed.body, { caller: { kind: 'administrator' }, query: { 'api-key': key } });
    assert.equal(at((await manage({})).body, 'oops'), 'unauthenticated');
    assert.equal((await manage({ 'Secret-Key': 'wrong' })).status, 403);
    const withKey = await served.call('GET', '/manage', { token });
    assert.equal(at(withKey.body, 'oops'), 'forbidden');
    assert.equal(
      at(
        (await served.call('POST', '/things', { headers: { 'secret-key': served.administrator } })).body,
        'oops',
      ),
      'unauthenticated',
    );
  });

  test('a route without a rule looks at none', async () => {
    const { body } = await served.call('GET', '/echo/1', { token: 'stale', headers: { 'api-key': 'x' } });
    assert.deepEqual(at(body, 'caller'), { kind: 'anonymous' });
  });
});

describe('errors', () => {
  test('have the contract’s shape, with the headers they bring', async () => {
    const tea = await served.call('GET', '/teapot');
    assert.deepEqual(
      [tea.status, at(tea.body, 'oops'), tea.headers.get('retry-after')],
      [409, 'conflict', '7'],
    );
    const broken = await served.call('GET', '/broken');
    assert.deepEqual([broken.status, at(broken.body, 'oops')], [500, 'internal']);
    assert.ok(!JSON.stringify(broken.body).includes('secret'));
  });
});

describe('streamed answers', () => {
  test('wait for a slow reader, and end when it goes away', { timeout: 20_000 }, async () => {
    const ended = once(endless, 'ended');
    const aborted = once(endless, 'aborted');
    const socket = connect(Number(new URL(served.url).port), '127.0.0.1');
    socket.write('GET /endless HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'readable');
    socket.destroy();
    const [parts] = await ended;
    await aborted;
    assert.ok(Number(parts) < 500, `${parts} parts were made for a reader that took one`);
  });

  test('HEAD does not begin one', async () => {
    let begun = false;
    endless.once('ended', () => {
      begun = true;
    });
    assert.equal((await served.call('HEAD', '/endless')).status, 200);
    assert.equal(begun, false);
  });
});
