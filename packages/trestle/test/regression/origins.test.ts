// Origins that no browser sends are refused at start with the one that is meant; every answer, however early, can be read.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StartError } from '../../src/start-error.ts';
import { startOwnRoutes } from '../http/server/own-routes.ts';
import { raw, request } from '../http/server/raw.ts';

for (const [origin, meant] of [
  ['foo', 'https://foo'],
  ['https://a.example/', 'https://a.example'],
  ['https://a.example/app', 'https://a.example'],
  ['https://a.example:443', 'https://a.example'],
  ['HTTPS://A.example', 'https://a.example'],
  ['localhost:3000', 'http://localhost:3000'],
  ['a.example', 'https://a.example'],
  ['https://', 'https://example.org'],
  ['https://user@a.example', 'https://a.example'],
] as const)
  test(`'${origin}' is refused`, async () => {
    await assert.rejects(startOwnRoutes({ origins: ['https://b.example', origin] }), (error) => {
      assert.ok(error instanceof StartError);
      assert.ok(
        error.message.includes(`'${origin}'`) && error.message.includes(`write ${meant},`),
        error.message,
      );
      return true;
    });
  });

test('* and origins of other schemes are taken', async () => {
  for (const [origins, origin, allowed] of [
    [['*'], 'https://a.example', '*'],
    [['capacitor://localhost'], 'capacitor://localhost', 'capacitor://localhost'],
    [['http://localhost:3000', 'http://[::1]:8080'], 'http://[::1]:8080', 'http://[::1]:8080'],
  ] as const) {
    const server = await startOwnRoutes({ origins });
    const { headers } = await fetch(`${server.url}/rows`, { headers: { origin } });
    assert.equal(headers.get('access-control-allow-origin'), allowed);
    await server.close();
  }
});

const EARLY: readonly [name: string, status: number, bytes: string][] = [
  ['a method that is not known', 501, request('BREW /rows', ['Origin: https://a.example'])],
  ['a path that does not decode', 400, request('GET /%FF', ['Origin: https://a.example'])],
  ['a long target', 414, request(`GET /${'a'.repeat(9000)}`, ['Origin: https://a.example'])],
  [
    'large headers',
    431,
    request('GET /rows', ['Origin: https://a.example', `X-Large: ${'a'.repeat(20_000)}`]),
  ],
  [
    'two types',
    400,
    request('GET /rows', ['Origin: https://a.example', 'Content-Type: a/b', 'Content-Type: c/d']),
  ],
  ['an unknown expectation', 400, request('GET /rows', ['Origin: https://a.example', 'Expect: more'])],
  [
    'a long body',
    413,
    request('POST /rows', [
      'Origin: https://a.example',
      'Content-Type: application/json',
      'Content-Length: 99999999',
    ]),
  ],
  [
    'a body of another type',
    415,
    request('POST /rows', ['Origin: https://a.example', 'Content-Type: a/b', 'Content-Length: 1'], 'x'),
  ],
  ['no such path', 404, request('GET /nothing', ['Origin: https://a.example'])],
  ['no such method', 405, request('PUT /rows', ['Origin: https://a.example'])],
  ['another media type', 406, request('GET /rows', ['Origin: https://a.example', 'Accept: text/html'])],
];

for (const origins of ['*', ['https://a.example']] as const)
  test(`early answers can be read, of ${origins}`, async () => {
    const server = await startOwnRoutes({ origins });
    for (const [name, status, bytes] of EARLY) {
      const answered = await raw(server.url, bytes);
      assert.equal(answered.status, status, name);
      assert.equal(answered.headers['access-control-allow-origin'], String(origins), name);
      assert.match(answered.headers['access-control-expose-headers'] ?? '', /X-Request-Id/, name);
    }
    await server.close();
  });

test('a browser may ask for leave also where there is nothing, so that it can read the 404', async () => {
  const server = await startOwnRoutes({});
  const leave = await raw(
    server.url,
    request('OPTIONS /nothing', ['Origin: https://a.example', 'Access-Control-Request-Method: POST']),
  );
  assert.equal(leave.status, 204);
  assert.match(leave.headers['access-control-allow-methods'] ?? '', /POST/);
  assert.equal((await raw(server.url, request('OPTIONS /nothing'))).status, 404);
  await server.close();
});
