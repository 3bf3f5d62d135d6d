import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { accounts, anyone, app, integerId, resource, text } from 'trestle';
import { bytes, route, streamList } from 'trestle/contract';
import { Type } from 'typebox';
import { codingFor } from '../../../src/http/requests/negotiation.ts';
import { type RunningApp, startApps } from '../../harness.ts';

const LONG = 'lorem ipsum '.repeat(500);
const ANY = { answers: { 200: Type.Unknown() } };

const texts = app({
  name: 'texts',
  accounts: accounts(),
  resources: {
    texts: resource({
      id: integerId(),
      fields: { content: text() },
      can: { read: anyone, create: anyone, update: anyone, delete: anyone },
    }),
  },
  contract: ({ services }) => ({
    errors: (problem) => ({ status: problem.status, body: { code: problem.code } }),
    routes: [
      route('GET', '/all', { summary: 'All', can: anyone, ...ANY }, (call) =>
        streamList(services.texts)({ ...call, query: {} }),
      ),
      route('GET', '/csv', { summary: 'CSV', produces: 'text/csv', ...ANY }, () =>
        bytes({ content: Buffer.from(LONG), type: 'text/csv', etag: 'c1' }),
      ),
      route('GET', '/png', { summary: 'PNG', produces: 'image/png', ...ANY }, () =>
        bytes({ content: Buffer.from(LONG), type: 'image/png' }),
      ),
      route('GET', '/events', { summary: 'Events', produces: 'text/event-stream', ...ANY }, () =>
        bytes({
          content: (async function* () {
            yield `data: ${LONG}\n\n`;
          })(),
          type: 'text/event-stream',
        }),
      ),
    ],
  }),
});

let server: RunningApp;
before(async () => {
  server = await startApps(texts);
  for (let row = 0; row < 120; row++)
    await server.call('POST /v1/texts', { body: { content: `${row} ${LONG}` } });
});
after(() => server.close());

async function ask(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const { promise, resolve, reject } = Promise.withResolvers<import('node:http').IncomingMessage>();
  request(`${server.url}${path}`, { headers, method }, resolve).on('error', reject).end();
  const response = await promise;
  const body = Buffer.concat(await response.toArray());
  return { status: response.statusCode, headers: response.headers, body };
}

test('the coding is the one the client likes best', () => {
  for (const [header, coding] of [
    [undefined, undefined],
    ['', undefined],
    ['gzip', 'gzip'],
    ['gzip, deflate, br', 'br'],
    ['br;q=0.5, gzip;q=0.8', 'gzip'],
    ['GZIP', 'gzip'],
    ['*', 'br'],
    ['*;q=0', undefined],
    ['br;q=0, *', 'gzip'],
    ['gzip;q=0, br;q=0', undefined],
    ['identity, gzip;q=0.5', undefined],
    ['identity;q=0.5, gzip', 'gzip'],
    ['deflate', undefined],
    ['gzip;q=0.001', 'gzip'],
  ] as const)
    assert.equal(codingFor(header), coding, header);
});

describe('compressed and plain are the same', () => {
  const PATHS = [
    '/v1/texts?limit=5',
    '/v1/texts/1',
    '/all',
    '/csv',
    '/openapi.json',
    '/docs',
    '/docs-files/swagger-ui-bundle.js',
    '/docs-files/redoc.standalone.js',
    '/',
  ];
  for (const path of PATHS)
    test(path, async () => {
      const accept = path === '/' ? { accept: 'text/html' } : {};
      const plain = await ask(path, accept);
      assert.equal(plain.headers['content-encoding'], undefined);
      for (const [coding, decompress] of [
        ['gzip', gunzipSync],
        ['br', brotliDecompressSync],
      ] as const) {
        const coded = await ask(path, { ...accept, 'accept-encoding': coding });
        assert.equal(coded.status, 200);
        assert.equal(coded.headers['content-encoding'], coding);
        assert.match(String(coded.headers.vary), /Accept-Encoding/);
        assert.ok(
          coded.body.length < plain.body.length * 0.7,
          `${coded.body.length} of ${plain.body.length}`,
        );
        assert.ok(decompress(coded.body).equals(plain.body));
        if (plain.headers.etag) assert.notEqual(coded.headers.etag, plain.headers.etag);
        const head = await ask(path, { ...accept, 'accept-encoding': coding }, 'HEAD');
        assert.equal(head.headers['content-encoding'], coding);
        assert.equal(head.body.length, 0);
      }
    });
});

test('what is short, no text or an event stream goes as it is', async () => {
  for (const path of ['/png', '/events', '/livez', '/v1/texts?limit=1&filter[id]=0'])
    assert.equal(
      (await ask(path, { 'accept-encoding': 'gzip, br' })).headers['content-encoding'],
      undefined,
      path,
    );
});

test('a part is a part of the plain bytes', async () => {
  const { status, headers, body } = await ask('/csv', { 'accept-encoding': 'gzip', range: 'bytes=0-4' });
  assert.deepEqual(
    [status, headers['content-encoding'], body.toString(), headers.etag],
    [206, undefined, 'lorem', '"c1"'],
  );
  const whole = await ask('/csv', { 'accept-encoding': 'gzip', range: 'bytes=0-4', 'if-range': '"c1-gzip"' });
  assert.deepEqual([whole.status, whole.headers['content-encoding']], [200, 'gzip']);
});

test('the tag of a compressed row is a tag of the row', async () => {
  const { headers } = await ask('/v1/texts/2', { 'accept-encoding': 'gzip' });
  const etag = String(headers.etag);
  assert.match(etag, /-gzip"$/);
  assert.equal(headers['cache-control'], 'private, no-cache');
  const again = await ask('/v1/texts/2', { 'accept-encoding': 'gzip', 'if-none-match': etag });
  assert.deepEqual([again.status, again.headers.etag], [304, etag]);
  const write = { body: { content: 'new' }, headers: { 'if-match': etag } };
  assert.equal((await server.call('PATCH /v1/texts/2', write)).status, 200);
  assert.equal((await server.call('PATCH /v1/texts/2', write)).status, 412);
  assert.equal((await ask('/v1/texts/2', { 'if-none-match': etag })).status, 200);
});

test('pages, scripts and the document are revalidated by their tags', async () => {
  for (const path of ['/openapi.json', '/docs', '/docs-files/swagger-ui.css', '/docs-files/swagger-start.js'])
    for (const coding of ['gzip', 'identity']) {
      const { headers } = await ask(path, { 'accept-encoding': coding });
      const again = await ask(path, { 'accept-encoding': coding, 'if-none-match': String(headers.etag) });
      assert.deepEqual([again.status, again.body.length, again.headers.etag], [304, 0, headers.etag], path);
    }
});
