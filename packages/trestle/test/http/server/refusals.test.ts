import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Started, startOwnRoutes } from './own-routes.ts';
import { type RawAnswer, raw, request } from './raw.ts';

let server: Started;
before(async () => {
  server = await startOwnRoutes();
});
after(() => server.close());

interface Case {
  name: string;
  bytes: string | Buffer;
  status: number;
  code?: string;
  headers?: Record<string, string>;
}

const manyHeaders = Array.from({ length: 101 }, (_, at) => `X-${at}: 1`);

const CASES: readonly Case[] = [
  { name: 'two Host', bytes: request('GET /rows', ['Host: other']), status: 400, code: 'malformed' },
  {
    name: 'two Authorization',
    bytes: request('GET /rows', ['Authorization: a', 'authorization: b']),
    status: 400,
  },
  {
    name: 'two Content-Type',
    bytes: request('GET /rows', ['Content-Type: a/b', 'Content-Type: c/d']),
    status: 400,
  },
  {
    name: 'no Host',
    bytes: 'GET /rows HTTP/1.1\r\nConnection: close\r\n\r\n',
    status: 400,
    code: 'malformed',
  },
  { name: 'no Host in HTTP/1.0', bytes: 'GET /rows HTTP/1.0\r\n\r\n', status: 200 },
  {
    name: 'HTTP/2.0 claimed',
    bytes: 'GET /rows HTTP/2.0\r\nHost: a\r\nConnection: close\r\n\r\n',
    status: 400,
  },
  { name: 'broken percent in the path', bytes: request('GET /rows/%ff'), status: 400, code: 'malformed' },
  { name: 'broken percent in the query', bytes: request('GET /rows?a=%zz'), status: 400, code: 'malformed' },
  { name: 'a lone surrogate in UTF-8', bytes: request('GET /rows/%ed%a0%80'), status: 400 },
  { name: '%00', bytes: request('GET /rows/a%00b'), status: 400 },
  { name: '%00 in the query', bytes: request('GET /rows?a=%00'), status: 400 },
  { name: 'a fragment', bytes: request('GET /rows#part'), status: 400 },
  { name: 'absolute form, another host', bytes: request('GET http://other/rows'), status: 400 },
  { name: 'absolute form, this host', bytes: request('GET http://LOCALHOST/rows?x=1'), status: 200 },
  { name: 'dot segments', bytes: request('GET /x/../rows'), status: 404, code: 'not_found' },
  { name: 'encoded dot segments', bytes: request('GET /rows/%2e%2E'), status: 404 },
  { name: 'a double slash', bytes: request('GET //rows'), status: 404 },
  { name: 'a backslash', bytes: request('GET /rows\\1'), status: 404 },
  { name: 'a double slash in the query', bytes: request('GET /rows?at=http://x/../y'), status: 200 },
  { name: 'an encoded slash stays in its segment', bytes: request('GET /rows/a%2Fb'), status: 200 },
  {
    name: 'TRACE',
    bytes: request('TRACE /rows'),
    status: 405,
    headers: { allow: 'GET, HEAD, POST, OPTIONS' },
  },
  { name: 'CONNECT', bytes: request('CONNECT other:80'), status: 501 },
  {
    name: 'QUERY',
    bytes: request('QUERY /rows', ['Content-Type: a/b']),
    status: 405,
    headers: { allow: 'GET, HEAD, POST, OPTIONS' },
  },
  { name: 'a method nobody knows', bytes: request('FROBNICATE /rows'), status: 501, code: 'not_implemented' },
  { name: 'a target of more than 8 KiB', bytes: request(`GET /${'a'.repeat(8200)}`), status: 414 },
  { name: 'a target of 64 KiB', bytes: request(`GET /${'a'.repeat(65_536)}`), status: 414 },
  {
    name: 'headers of more than 16 KiB',
    bytes: request('GET /rows', [`X: ${'a'.repeat(17_000)}`]),
    status: 431,
  },
  {
    name: 'more than 100 headers',
    bytes: request('GET /rows', manyHeaders),
    status: 431,
    code: 'headers_too_large',
  },
  {
    name: 'a header named __proto__',
    bytes: request('GET /rows', ['__proto__: x', 'constructor: y']),
    status: 200,
  },
  { name: 'another expectation', bytes: request('GET /rows', ['Expect: magic']), status: 400 },
  { name: 'no HTTP at all', bytes: 'hello\r\n\r\n', status: 400 },
  {
    name: 'both lengths',
    bytes: request('POST /rows', ['Transfer-Encoding: chunked', 'Content-Length: 3']),
    status: 400,
  },
  {
    name: 'two lengths',
    bytes: request('POST /rows', ['Content-Length: 3', 'Content-Length: 4']),
    status: 400,
  },
  { name: 'obs-fold', bytes: request('GET /rows', ['X: a', ' folded']), status: 400 },
  { name: 'space before the colon', bytes: request('GET /rows', ['X : a']), status: 400 },
  { name: 'a control character in a header', bytes: request('GET /rows', ['X: a\u0001b']), status: 400 },
];

for (const { name, bytes, status, code, headers } of CASES)
  test(`${name}: ${status}`, async () => {
    const answer = await raw(server.url, bytes);
    assert.equal(answer.status, status, answer.text);
    if (status >= 400) assertProblem(answer);
    if (code) assert.equal(JSON.parse(answer.body).code, code);
    for (const [header, value] of Object.entries(headers ?? {})) assert.equal(answer.headers[header], value);
  });

function assertProblem({ status, headers, body }: RawAnswer): void {
  assert.match(headers['content-type'] ?? '', /^application\/problem\+json/);
  assert.equal(headers.server, undefined);
  const problem = JSON.parse(body);
  assert.equal(problem.status, status);
  assert.equal(problem.type, `/problems/${problem.code}`);
  assert.equal(problem.requestId, headers['x-request-id']);
}

test('what follows a refused request on its connection is not taken for a request', async () => {
  const smuggled = 'GET /rows HTTP/1.1\r\nHost: a\r\n\r\n';
  const refused = 'POST /rows HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 0\r\n\r\n';
  const { text } = await raw(server.url, refused + smuggled);
  assert.equal(text.match(/HTTP\/1\.1 /g)?.length, 1, text);
});

test('Expect: 100-continue asks for a body that will be taken, and refuses one that is too long before it is sent', async () => {
  const head = (length: number) =>
    request('POST /rows', [
      'Content-Type: application/json',
      `Content-Length: ${length}`,
      'Expect: 100-continue',
    ]);
  const taken = await raw(server.url, `${head(2)}{}`);
  assert.match(taken.text, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 201 /);
  const refused = await raw(server.url, head(2_000_000));
  assert.match(refused.text, /^HTTP\/1\.1 413 /);
});

test('adversarial header values of 16 KiB cost nothing to speak of', async () => {
  const names = [
    'Accept',
    'Content-Type',
    'Content-Encoding',
    'Origin',
    'X-Request-Id',
    'Authorization',
    'If-Match',
  ];
  const fillers = [
    'a'.repeat(15_000),
    ','.repeat(15_000),
    ' ;q=0'.repeat(3000),
    '"'.repeat(15_000),
    '\t'.repeat(15_000),
  ];
  for (const name of names)
    for (const filler of fillers) await raw(server.url, request('GET /rows', [`${name}: x${filler}y`]));
  const slowest = Math.max(
    ...server.log.filter((line) => line.msg === 'request').map((line) => Number(line.ms)),
  );
  assert.ok(slowest < 1_000, `the slowest took ${slowest} ms`);
});
