import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PROBLEMS } from 'trestle/contract';
import { callOver } from '../../harness.ts';
import { SECRET, type Started, startOwnRoutes } from './own-routes.ts';

let server: Started;
before(async () => {
  server = await startOwnRoutes();
});
after(() => server.close());

interface Body {
  code?: string;
  detail?: string;
  requestId?: string;
  id?: string;
}

const call = (line: string, headers: Record<string, string> = {}) =>
  callOver<Body>(server.url, line, { headers });

test('404, and 405 with exactly the methods there are', async () => {
  assert.equal((await call('GET /nothing')).status, 404);
  const rows = await call('PATCH /rows');
  assert.equal(rows.status, 405);
  assert.equal(rows.headers.get('allow'), 'GET, HEAD, POST, OPTIONS');
  const row = await call('POST /rows/7');
  assert.equal(row.headers.get('allow'), 'GET, HEAD, DELETE, OPTIONS');
  assert.equal(row.body.detail, 'This path takes GET, HEAD, DELETE, OPTIONS, not POST.');
});

test('a verb of a row takes its own method alone, though a row might have such an id', async () => {
  assert.equal((await call('POST /rows/7:archive')).status, 204);
  const get = await call('GET /rows/7:archive');
  assert.equal(get.status, 405);
  assert.equal(get.headers.get('allow'), 'POST, OPTIONS');
  assert.equal((await call('OPTIONS /rows/7:archive')).headers.get('allow'), 'POST, OPTIONS');
  assert.deepEqual((await call('GET /rows/7:other?at=12:30')).body, { id: '7:other' });
  assert.equal((await call('GET /rows?at=12:30')).status, 200);
});

test('a path without parameters is no row with an odd id, nor is an empty one', async () => {
  assert.equal((await call('POST /rows/all')).status, 204);
  for (const line of ['GET /rows/all', 'DELETE /rows/all?at=1']) {
    const reply = await call(line);
    assert.equal(reply.status, 405, line);
    assert.equal(reply.headers.get('allow'), 'POST, OPTIONS');
  }
  assert.equal((await call('OPTIONS /rows/all')).headers.get('allow'), 'POST, OPTIONS');
  assert.deepEqual((await call('GET /rows/ally')).body, { id: 'ally' });
});

test('a body that is broken does not hide that there is no such path', async () => {
  const headers = { 'content-type': 'application/json' };
  assert.equal((await callOver(server.url, 'POST /nothing', { headers, body: '{' })).status, 404);
  assert.equal((await callOver(server.url, 'PUT /rows', { headers, body: '{' })).status, 405);
});

test('OPTIONS tells the methods, HEAD is GET without the body', async () => {
  const options = await call('OPTIONS /rows/7');
  assert.equal(options.status, 204);
  assert.equal(options.headers.get('allow'), 'GET, HEAD, DELETE, OPTIONS');
  assert.equal((await call('OPTIONS /nothing')).status, 404);
  const head = await call('HEAD /rows');
  assert.equal(head.status, 200);
  assert.equal(head.headers.get('content-length'), '11');
  assert.equal(head.body, undefined);
});

test('Accept: 406 where it takes no JSON, with q-values honoured', async () => {
  const status = async (accept: string) => (await call('GET /rows', { accept })).status;
  for (const accept of [
    '*/*',
    'application/json',
    'application/*;q=0.1',
    'text/html, */*;q=0.1',
    'APPLICATION/JSON; charset=utf-8',
    'text/html;q=1, application/json;q=0.001',
  ])
    assert.equal(await status(accept), 200, accept);
  for (const accept of [
    'text/html',
    'application/json;q=0',
    '*/*;q=0',
    'application/json;q=0, */*',
    'text/*',
    'nonsense',
  ])
    assert.equal(await status(accept), 406, accept);
});

test('request ids: a sane one is kept, any other replaced, and it comes back', async () => {
  const kept = await call('GET /rows', { 'x-request-id': 'trace-42:a/b=' });
  assert.equal(kept.headers.get('x-request-id'), 'trace-42:a/b=');
  for (const odd of ['a b', 'x'.repeat(129), '<script>', '"'])
    assert.match(
      (await call('GET /rows', { 'x-request-id': odd })).headers.get('x-request-id') ?? '',
      /^[\da-f-]{36}$/,
    );
});

test('security headers, and none that names the server', async () => {
  const { headers } = await call('GET /rows');
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
  assert.equal(headers.get('cache-control'), 'no-store');
  assert.equal(headers.get('content-security-policy'), "default-src 'none'; frame-ancestors 'none'");
  for (const name of ['server', 'x-powered-by']) assert.equal(headers.get(name), null);
});

test('CORS: any origin may read, and a preflight names the path’s methods', async () => {
  const read = await call('GET /rows', { origin: 'https://a.example' });
  assert.equal(read.headers.get('access-control-allow-origin'), '*');
  assert.match(read.headers.get('access-control-expose-headers') ?? '', /ETag.*X-Request-Id/);
  assert.equal((await call('GET /rows')).headers.get('access-control-allow-origin'), null);
  const preflight = await call('OPTIONS /rows', {
    origin: 'https://a.example',
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization, content-type',
  });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get('access-control-allow-methods'), 'GET, HEAD, POST, OPTIONS');
  assert.equal(preflight.headers.get('access-control-allow-headers'), 'authorization, content-type');
});

test('CORS: only these origins, where they are set', async () => {
  const closed = await startOwnRoutes({ origins: ['https://a.example'] });
  const origin = async (name: string) =>
    (await callOver(closed.url, 'GET /rows', { headers: { origin: name } })).headers;
  assert.equal((await origin('https://a.example')).get('access-control-allow-origin'), 'https://a.example');
  assert.equal((await origin('https://b.example')).get('access-control-allow-origin'), null);
  assert.equal((await origin('https://b.example')).get('vary'), 'Origin');
  await closed.close();
});

test('what a route throws is a 500 that says nothing, and is in the log with its cause', async () => {
  const broken = await call('GET /broken');
  assert.equal(broken.status, 500);
  assert.equal(broken.body.code, 'internal');
  assert.ok(!JSON.stringify(broken.body).includes('secret'));
  const line = server.log.find(
    ({ msg, request }) => msg === 'request failed' && request === broken.body.requestId,
  );
  assert.match(JSON.stringify(line), /a secret nobody may see/);
  // Each with its own cause, however many there are.
  for (let again = 0; again < 5; again++) await call('GET /broken');
  assert.equal(server.log.filter(({ msg }) => msg === 'request failed').length, 6);
});

test('each request is one line, with its pattern and never its query', async () => {
  await call('GET /rows/top-secret?token=hidden', {
    'x-request-id': 'one-line',
    authorization: 'Bearer hidden',
  });
  const line = server.log.find(({ request }) => request === 'one-line') ?? {};
  const { time, ms, ...rest } = line;
  assert.deepEqual(rest, {
    level: 'info',
    method: 'GET',
    route: '/rows/:id',
    status: 200,
    bytes: 19,
    request: 'one-line',
    address: '127.0.0.1',
    agent: 'node',
    msg: 'request',
  });
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.equal(typeof ms, 'number');
  assert.ok(!JSON.stringify(server.log).includes('hidden'));
  assert.ok(!JSON.stringify(server.log).includes('top-secret'));
});

test('/problems describes every code', async () => {
  assert.deepEqual((await call('GET /problems/conflict')).body, {
    code: 'conflict',
    status: 409,
    title: 'The request conflicts with what is stored',
    remedy: PROBLEMS.conflict.remedy,
  });
  assert.equal((await call('GET /problems/nothing')).status, 404);
});

test('health: live, ready, and not ready while a store takes no writes', async () => {
  let ready = true;
  const ill = await startOwnRoutes({
    name: 'shop',
    health: () => ({ ready, why: '/data/shop.db is broken' }),
  });
  assert.equal((await callOver(ill.url, 'GET /readyz')).status, 200);
  ready = false;
  const readyz = await callOver<Body>(ill.url, 'GET /readyz');
  assert.equal(readyz.status, 503);
  assert.equal(readyz.headers.get('retry-after'), '1');
  assert.equal(readyz.body.detail, 'Not ready: shop.');
  assert.ok(!JSON.stringify(readyz.body).includes('/data'));
  assert.equal((await callOver(ill.url, 'GET /livez')).status, 200);
  await ill.close();
});

test('a store that is broken for good is told to whoever runs the server', async () => {
  const ill = await startOwnRoutes({
    name: 'shop',
    health: () => ({ ready: false, fatal: true, why: 'fsync failed' }),
  });
  assert.equal(await ill.broken, 'shop: fsync failed');
  await ill.close();
});

test('/metrics needs the administrator’s secret, and counts by route pattern and status', async () => {
  assert.equal((await call('GET /metrics')).status, 401);
  assert.equal((await call('GET /metrics', { authorization: 'Bearer wrong' })).status, 401);
  await call('GET /rows/1');
  await call('GET /nothing');
  const { status, body } = await callOver<string>(server.url, 'GET /metrics', { token: SECRET });
  assert.equal(status, 200);
  assert.match(
    body,
    /trestle_request_duration_seconds_count\{method="GET",route="\/rows\/:id",status="200"\} [1-9]/,
  );
  assert.match(
    body,
    /trestle_request_duration_seconds_bucket\{method="",route="",status="404",le="\+Inf"\} [1-9]/,
  );
  assert.match(body, /trestle_statements_total\{app="own"\} 0/);
  assert.match(body, /trestle_requests_in_flight\{\} 1/);
  assert.match(body, /nodejs_eventloop_lag_p99_seconds/);
});

test('several apps: an index in JSON or HTML, and each app’s own errors', async () => {
  const both = await startOwnRoutes({ base: '/one', name: 'one' }, { base: '/two', name: 'two' });
  const json = await callOver<{ apps: { name: string; path: string; docs: string }[] }>(both.url, 'GET /');
  assert.deepEqual(
    json.body.apps.map(({ name, path, docs }) => [name, path, docs]),
    [
      ['one', '/one', '/one/docs'],
      ['two', '/two', '/two/docs'],
    ],
  );
  const html = await callOver<string>(both.url, 'GET /', { headers: { accept: 'text/html,*/*;q=0.8' } });
  assert.match(html.headers.get('content-type') ?? '', /^text\/html/);
  assert.match(html.body, /<a href="\/two\/docs">/);
  assert.equal((await callOver(both.url, 'GET /two/rows')).status, 200);
  assert.equal((await callOver(both.url, 'PUT /two/rows')).headers.get('allow'), 'GET, HEAD, POST, OPTIONS');
  await both.close();
});

test('X-Forwarded-For is believed from a trusted proxy alone', async () => {
  const routes = (fastify: import('fastify').FastifyInstance) =>
    fastify.get('/ip', (request) => ({ id: request.ip }));
  const plain = await startOwnRoutes({ routes });
  const behind = await startOwnRoutes({ routes, trustedProxies: ['127.0.0.1'] });
  const headers = { 'x-forwarded-for': '203.0.113.7' };
  assert.equal((await callOver<Body>(plain.url, 'GET /ip', { headers })).body.id, '127.0.0.1');
  assert.equal((await callOver<Body>(behind.url, 'GET /ip', { headers })).body.id, '203.0.113.7');
  await plain.close();
  await behind.close();
});
