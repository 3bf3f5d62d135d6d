import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { get, request } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { accounts, app, resource, text } from 'trestle';
import { answer, bytes, Problem, route } from 'trestle/contract';
import { Type } from 'typebox';
import { type RunningApp, startApps } from '../harness.ts';

const SMALL = Buffer.from('0123456789');
const LARGE = Buffer.alloc(5_000_000, 'abcdefghij');
const CHANGED = new Date('2026-01-02T03:04:05.678Z');

let server: RunningApp;
let path: string;
/** Streams that were opened and are not closed yet, by route. */
const open = new Set<string>();
const closings = new EventEmitter();

const ANY = { answers: { 200: Type.Unknown() } };

/** Resolves when every stream that was opened is closed. */
async function allClosed(): Promise<void> {
  while (open.size > 0) await once(closings, 'closed');
}

function tracked(name: string, stream: Readable): Readable {
  open.add(name);
  return stream.on('close', () => {
    open.delete(name);
    closings.emit('closed');
  });
}

const files = app({
  name: 'files',
  accounts: accounts(),
  resources: { notes: resource({ fields: { title: text() } }) },
  contract: () => ({
    errors: (problem) => ({ status: problem.status, body: { code: problem.code } }),
    routes: [
      route('GET', '/small', { summary: 'Bytes', produces: 'image/png', ...ANY }, () =>
        bytes({ content: SMALL, type: 'image/png', etag: 'v1', lastModified: CHANGED }),
      ),
      route('GET', '/large', { summary: 'File', produces: 'application/zip', ...ANY }, () =>
        bytes({
          content: ({ start, end }) => tracked('large', createReadStream(path, { start, end })),
          type: 'application/zip',
          length: LARGE.length,
          etag: 'v2',
        }),
      ),
      route('GET', '/stream', { summary: 'Stream', produces: 'application/zip', ...ANY }, () =>
        bytes({
          content: tracked('stream', createReadStream(path)),
          type: 'application/zip',
          length: LARGE.length,
        }),
      ),
      route('GET', '/web', { summary: 'Web stream', produces: 'application/zip', ...ANY }, () =>
        bytes({ content: new Blob([LARGE]).stream(), type: 'application/zip' }),
      ),
      route('GET', '/generated', { summary: 'Generator', produces: 'text/csv', ...ANY }, () =>
        bytes({
          content: (async function* () {
            yield 'a,b\n';
            yield Buffer.from('ü,€\n');
          })(),
          type: 'text/csv; charset=utf-8',
        }),
      ),
      route('GET', '/endless', { summary: 'Endless', produces: 'application/zip', ...ANY }, () =>
        bytes({
          content: tracked('endless', Readable.from(forever(), { objectMode: false })),
          type: 'application/zip',
        }),
      ),
      route('GET', '/early', { summary: 'Fails at once', produces: 'text/plain', ...ANY }, () =>
        bytes({ content: failing(0), type: 'text/plain' }),
      ),
      route('GET', '/late', { summary: 'Fails later', produces: 'text/plain', ...ANY }, () =>
        bytes({ content: failing(3), type: 'text/plain' }),
      ),
      route('POST', '/made', { summary: 'Made', produces: 'text/plain', ...ANY }, () =>
        bytes({ content: SMALL, type: 'text/plain', etag: 'x' }, { 'content-disposition': 'attachment' }),
      ),
      route('GET', '/json', { summary: 'JSON', ...ANY }, () => answer(200, { ok: true })),
    ],
  }),
});

async function* forever(): AsyncGenerator<Buffer> {
  for (;;) yield LARGE.subarray(0, 65_536);
}

async function* failing(chunks: number): AsyncGenerator<string> {
  for (let sent = 0; sent < chunks; sent++) yield 'x'.repeat(100);
  throw chunks === 0 ? new Problem('conflict') : new Error('the source broke');
}

before(async () => {
  server = await startApps(files);
  path = join(server.data, 'large.bin');
  await writeFile(path, LARGE);
});

after(() => server.close());

/** Status, headers and bytes of a GET, without anything that a client library would do by itself. */
async function ask(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const { promise, resolve, reject } = Promise.withResolvers<import('node:http').IncomingMessage>();
  request(`${server.url}${path}`, { headers, method }, resolve).on('error', reject).end();
  const response = await promise;
  const body = Buffer.concat(await response.toArray());
  return { status: response.statusCode, headers: response.headers, body };
}

const digest = (content: Uint8Array) => createHash('sha256').update(content).digest('hex');

describe('whole', () => {
  test('a buffer has its type, length, tag and date', async () => {
    const { status, headers, body } = await ask('/small');
    assert.deepEqual([status, body.toString()], [200, '0123456789']);
    assert.equal(headers['content-type'], 'image/png');
    assert.equal(headers['content-length'], '10');
    assert.equal(headers.etag, '"v1"');
    assert.equal(headers['last-modified'], 'Fri, 02 Jan 2026 03:04:05 GMT');
    assert.equal(headers['accept-ranges'], 'bytes');
    assert.equal(headers['cache-control'], 'private, no-cache');
  });

  test('files, streams and generators arrive whole, with a length where it is known', async () => {
    for (const [path, length] of [
      ['/large', '5000000'],
      ['/stream', '5000000'],
      ['/web', undefined],
    ] as const) {
      const { status, headers, body } = await ask(path);
      assert.deepEqual([status, headers['content-length'], digest(body)], [200, length, digest(LARGE)], path);
    }
    const { body, headers } = await ask('/generated');
    assert.equal(body.toString(), 'a,b\nü,€\n');
    assert.equal(headers['cache-control'], 'no-store');
    await allClosed();
  });

  test('HEAD says the same and opens nothing', async () => {
    for (const path of ['/small', '/large', '/stream']) {
      const head = await ask(path, { range: 'bytes=0-1' }, 'HEAD');
      const whole = await ask(path);
      assert.deepEqual([head.status, head.body.length], [200, 0], path);
      assert.equal(head.headers['content-length'], whole.headers['content-length'], path);
      assert.equal(head.headers.etag, whole.headers.etag, path);
    }
    await allClosed();
  });

  test('a POST answers bytes without ranges and conditions', async () => {
    const { status, headers, body } = await ask(
      '/made',
      { range: 'bytes=0-1', 'if-none-match': '"x"' },
      'POST',
    );
    assert.deepEqual(
      [status, body.toString(), headers['content-disposition']],
      [200, '0123456789', 'attachment'],
    );
  });
});

describe('conditions', () => {
  test('304 by tag, weak and listed, and by date; the tag goes first', async () => {
    for (const [name, value, status] of [
      ['if-none-match', '"v1"', 304],
      ['if-none-match', 'W/"v0", W/"v1"', 304],
      ['if-none-match', '*', 304],
      ['if-none-match', '"v2"', 200],
      ['if-modified-since', 'Fri, 02 Jan 2026 03:04:05 GMT', 304],
      ['if-modified-since', 'Fri, 02 Jan 2026 03:04:04 GMT', 200],
      ['if-modified-since', 'yesterday', 200],
    ] as const) {
      const reply = await ask('/small', { [name]: value });
      assert.equal(reply.status, status, `${name}: ${value}`);
      if (status === 304) assert.deepEqual([reply.body.length, reply.headers.etag], [0, '"v1"']);
    }
    const both = { 'if-none-match': '"v2"', 'if-modified-since': 'Fri, 02 Jan 2026 03:04:05 GMT' };
    assert.equal((await ask('/small', both)).status, 200);
    assert.equal((await ask('/large', { 'if-none-match': '"v2"' })).status, 304);
    await allClosed();
  });

  test('412 where a precondition fails', async () => {
    for (const [name, value, status] of [
      ['if-match', '"v1"', 200],
      ['if-match', 'W/"v1"', 412],
      ['if-match', '"v0"', 412],
      ['if-unmodified-since', 'Fri, 02 Jan 2026 03:04:04 GMT', 412],
      ['if-unmodified-since', 'Fri, 02 Jan 2026 03:04:05 GMT', 200],
    ] as const)
      assert.equal((await ask('/small', { [name]: value })).status, status, `${name}: ${value}`);
  });
});

describe('ranges', () => {
  test('single and suffix ranges are 206 with their place', async () => {
    for (const [range, body, place] of [
      ['bytes=0-0', '0', 'bytes 0-0/10'],
      ['bytes=2-4', '234', 'bytes 2-4/10'],
      ['bytes=7-', '789', 'bytes 7-9/10'],
      ['bytes=8-100', '89', 'bytes 8-9/10'],
      ['bytes=-3', '789', 'bytes 7-9/10'],
      ['bytes=-100', '0123456789', 'bytes 0-9/10'],
      ['Bytes=1-1', '1', 'bytes 1-1/10'],
    ] as const) {
      const reply = await ask('/small', { range });
      assert.deepEqual(
        [reply.status, reply.body.toString(), reply.headers['content-range']],
        [206, body, place],
      );
      assert.equal(reply.headers['content-length'], String(body.length));
      assert.equal(reply.headers.etag, '"v1"');
    }
  });

  test('what is no single range is answered whole', async () => {
    for (const range of ['bytes=0-1,4-5', 'bytes=5-2', 'bytes=', 'bytes=-', 'items=0-1', 'bytes=a-b', '0-1'])
      assert.equal((await ask('/small', { range })).status, 200, range);
    assert.equal((await ask('/web', { range: 'bytes=0-1' })).status, 200);
  });

  test('416 beyond the end, with the length, in the words of the contract', async () => {
    for (const range of ['bytes=10-', 'bytes=-0', 'bytes=10-20']) {
      const reply = await ask('/small', { range });
      assert.deepEqual([reply.status, reply.headers['content-range']], [416, 'bytes */10'], range);
      assert.deepEqual(JSON.parse(reply.body.toString()), { code: 'range_not_satisfiable' });
      assert.deepEqual([reply.headers.etag, reply.headers['cache-control']], [undefined, 'no-store']);
    }
  });

  test('If-Range takes the part only of the same content', async () => {
    for (const [value, status] of [
      ['"v1"', 206],
      ['W/"v1"', 200],
      ['"v0"', 200],
      ['Fri, 02 Jan 2026 03:04:05 GMT', 206],
      ['Fri, 02 Jan 2026 03:04:06 GMT', 200],
    ] as const)
      assert.equal((await ask('/small', { range: 'bytes=0-1', 'if-range': value })).status, status, value);
  });

  test('parts of a large file are the file, by function and by stream', async () => {
    for (const path of ['/large', '/stream']) {
      const part = await ask(path, { range: 'bytes=4000000-4200000' });
      assert.deepEqual([part.status, part.headers['content-length']], [206, '200001'], path);
      assert.equal(digest(part.body), digest(LARGE.subarray(4_000_000, 4_200_001)), path);
    }
    await allClosed();
  });
});

describe('ends', () => {
  test('a stream is destroyed when the client goes away', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    get(`${server.url}/endless`, (response) =>
      response.once('data', () => response.destroy()).on('close', resolve),
    );
    await promise;
    await allClosed();
    assert.ok(!server.log.some(({ msg }) => msg === 'a response stream failed'));
  });

  test('what fails before the first byte is answered with its status', async () => {
    const { status, body } = await ask('/early');
    assert.deepEqual([status, JSON.parse(body.toString())], [409, { code: 'conflict' }]);
  });

  test('what fails later cuts the answer, and is in the log with the id of the request', async () => {
    await assert.rejects(ask('/late', { 'x-request-id': 'cut-off' }));
    const line = server.log.find(({ msg }) => msg === 'a response stream failed');
    assert.match(JSON.stringify(line), /"request":"cut-off".*the source broke/);
  });

  test('the line of the request says how many bytes were sent', async () => {
    await ask('/large', { 'x-request-id': 'counted' });
    await ask('/small', { 'x-request-id': 'counted-too' });
    const bytesOf = (id: string) =>
      server.log.find(({ request: own, msg }) => own === id && msg === 'request')?.bytes;
    assert.deepEqual([bytesOf('counted'), bytesOf('counted-too')], [LARGE.length, 10]);
  });
});
