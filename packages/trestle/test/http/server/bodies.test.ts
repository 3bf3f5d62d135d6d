import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { callOver } from '../../harness.ts';
import { type Started, startOwnRoutes } from './own-routes.ts';
import { raw, request } from './raw.ts';

let server: Started;
before(async () => {
  server = await startOwnRoutes();
});
after(() => server.close());

const JSON_TYPE = { 'content-type': 'application/json' };
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' };

interface Echo {
  body: unknown;
  code?: string;
  detail?: string;
}

const post = (body: unknown, headers: Record<string, string> = JSON_TYPE, line = 'POST /rows') =>
  callOver<Echo>(server.url, line, { body, headers });

const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const members = (count: number) =>
  JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i])));
const bytes = (...values: number[]) => new Uint8Array(values);

const REFUSED: readonly [name: string, body: string | Uint8Array, detail: RegExp][] = [
  ['broken JSON', '{"a":', /not valid JSON/],
  ['broken JSON, with its place', '{"a":1,\n  x}', /line 2, column 3/],
  ['nothing but spaces', '  ', /empty/],
  ['two values', '{} {}', /not valid JSON/],
  ['a comment', '{"a":1} // x', /not valid JSON/],
  ['single quotes', "{'a':1}", /not valid JSON/],
  ['33 levels', nested(33), /deeper than 32/],
  ['a bomb of 500,000 levels', '['.repeat(500_000), /deeper than 32/],
  ['1,001 members', members(1001), /more than 1000 members/],
  ['10,001 values', `[${Array(10_001).fill(1).join()}]`, /more than 10000 values/],
  ['a member twice', '{"a":1,"a":2}', /"a" twice/],
  ['a member twice, once escaped', '{"a":1,"\\u0061":2}', /"a" twice/],
  ['a member twice, deep inside', '{"x":[{"b":1,"c":{"d":1},"b":2}]}', /"b" twice/],
  ['__proto__', '{"__proto__":{"polluted":true}}', /__proto__/],
  ['__proto__, escaped', '{"\\u005f_proto__":{"polluted":true}}', /__proto__/],
  ['U+0000', '{"a":"x\\u0000"}', /U\+0000/],
  ['U+0000 in a name', '{"x\\u0000":1}', /U\+0000/],
  ['a lone surrogate', '{"a":"\\ud800"}', /surrogate/],
  ['2^53', '{"a":9007199254740993}', /integer beyond 9007199254740991/],
  ['-2^53 - 1', '[-9007199254740993]', /integer beyond/],
  ['1e999', '{"a":1e999}', /too large/],
  ['-1E999', '{"a":-1E999}', /too large/],
  ['NaN', '{"a":NaN}', /not valid JSON/],
  ['a raw control character', '{"a":"\u0001"}', /not valid JSON/],
  ['a byte order mark', bytes(0xef, 0xbb, 0xbf, 0x7b, 0x7d), /byte order mark/],
  ['bytes that are not UTF-8', bytes(0x22, 0xff, 0x22), /not UTF-8/],
  ['UTF-16', bytes(0x7b, 0x00, 0x7d, 0x00), /not valid JSON/],
];

for (const [name, body, detail] of REFUSED)
  test(`400 for ${name}`, async () => {
    const reply = await post(body);
    assert.equal(reply.status, 400, JSON.stringify(reply.body));
    assert.equal(reply.body.code, 'malformed');
    assert.match(reply.body.detail ?? '', detail);
  });

const TAKEN: readonly [name: string, body: string][] = [
  ['32 levels', nested(32)],
  ['1,000 members', members(1000)],
  ['the same name in two objects', '[{"a":1},{"a":2},{"b":{"a":3},"a":4}]'],
  ['constructor and prototype as data', '{"constructor":"Ferrari","prototype":1}'],
  ['the largest integers', '[9007199254740991,-9007199254740991]'],
  ['decimals and exponents', '[0.1,-1.5e-7,1e300,12345678901.12345]'],
  ['a pair of surrogates', '"\\ud83d\\ude00"'],
  ['quotes and backslashes', '{"a\\"b":"\\\\","c":"\\\\\\""}'],
  ['structure inside texts', '{"a":"{[,:]}\\"}{"}'],
  ['a scalar', 'null'],
];

for (const [name, body] of TAKEN)
  test(`takes ${name}`, async () => {
    const reply = await post(body);
    assert.equal(reply.status, 201, JSON.stringify(reply.body));
    assert.deepEqual(reply.body.body, JSON.parse(body));
  });

test('a refused body is never quoted in the answer', async () => {
  const reply = await post('{"password":"hunter2hunter2" oops');
  assert.equal(reply.status, 400);
  assert.ok(!JSON.stringify(reply.body).includes('hunter2'));
});

test('a bomb of brackets takes no time', async () => {
  const start = performance.now();
  await post('['.repeat(1_000_000));
  assert.ok(performance.now() - start < 5_000);
});

test('media types: JSON, merge patch and forms, in any case; everything else is 415 and says what is taken', async () => {
  for (const type of ['application/json', 'Application/JSON; charset=UTF-8', 'application/merge-patch+json'])
    assert.equal((await post('{}', { 'content-type': type })).status, 201, type);
  for (const type of [
    'text/plain',
    'application/xml',
    'application/jsonx',
    'application/json; charset=utf-16',
    'json',
  ]) {
    const reply = await post('{}', { 'content-type': type });
    assert.equal(reply.status, 415, type);
    assert.equal(reply.headers.get('accept-post'), 'application/json, application/x-www-form-urlencoded');
  }
  const untyped = await raw(server.url, request('POST /rows', ['Content-Length: 2'], '{}'));
  assert.equal(untyped.status, 415);
});

test('compressed bodies are not taken', async () => {
  const reply = await post(gzipSync('{}'), { ...JSON_TYPE, 'content-encoding': 'gzip' });
  assert.equal(reply.status, 415);
});

test('1 MiB is taken, a byte more is 413, by its declared length or as it streams', async () => {
  const filled = (size: number) => `"${'x'.repeat(size - 2)}"`;
  assert.equal((await post(filled(1_048_576))).status, 201);
  const declared = await post(filled(1_048_577));
  assert.equal(declared.status, 413);
  assert.equal(declared.body.code, 'body_too_large');
  const chunk = `${(65_536).toString(16)}\r\n${'x'.repeat(65_536)}\r\n`;
  const head = request('POST /rows', ['Content-Type: application/json', 'Transfer-Encoding: chunked']);
  const streamed = await raw(server.url, head + chunk.repeat(17), /"requestId"/);
  assert.equal(streamed.status, 413);
  assert.equal(streamed.headers.connection, 'close');
});

test('a client that declares 5 MiB and sends it all still reads the 413', async () => {
  for (let round = 0; round < 5; round++) assert.equal((await post('x'.repeat(5_000_000))).status, 413);
});

test('forms: texts, and lists where a name repeats; no nested syntax', async () => {
  const form = async (text: string) => (await post(text, FORM_TYPE)).body.body;
  assert.deepEqual(await form('a=1&b=x+y%20z&c&d=%E2%82%AC'), { a: '1', b: 'x y z', c: '', d: '€' });
  assert.deepEqual(await form('a=1&a=2&a=3'), { a: ['1', '2', '3'] });
  assert.deepEqual(await form('a[b]=1&constructor=2'), { 'a[b]': '1', constructor: '2' });
  assert.deepEqual(await form('&'), {});
  for (const broken of ['a=%zz', 'a=%ff', 'a=%00', '__proto__=1', 'a=1&'.repeat(1001)])
    assert.equal((await post(broken, FORM_TYPE)).status, 400, broken.slice(0, 20));
});

test('no body changes what objects are', async () => {
  await post('{"constructor":{"prototype":{"polluted":true}}}');
  await post('constructor[prototype][polluted]=1&__proto__[polluted]=1', FORM_TYPE);
  assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
});

test('DELETE with a body has it read, without one not; GET ignores its body', async () => {
  assert.deepEqual((await post('{"a":1}', JSON_TYPE, 'DELETE /rows/1')).body, { body: { a: 1 } });
  assert.equal((await callOver(server.url, 'DELETE /rows/1')).status, 204);
  const get = request('GET /rows', ['Content-Type: application/json', 'Content-Length: 5'], 'oops!');
  assert.equal((await raw(server.url, get)).status, 200);
});

test('an empty body is none, whatever type it claims', async () => {
  for (const type of ['application/json', 'application/x-www-form-urlencoded']) {
    const reply = await post('', { 'content-type': type });
    assert.deepEqual([reply.status, reply.body.body], [201, null], type);
  }
});
