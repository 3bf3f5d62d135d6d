import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type Reply, type Served, serveApp } from 'trestle/testing';
import {
  SHA256 as SOURCE_SHA256,
  startSources,
} from '../../packages/trestle/test/jobs/downloads/source-server.ts';
import { eachPlace } from '../../packages/trestle/test/stores.ts';
import app, { type resources } from './app.ts';

interface Package {
  id: number;
  name: string;
  version: string;
  status: string;
}

interface Operation {
  id: string;
  state: string;
  progress: number;
  error: string | null;
}

const CONTENT = Buffer.from('the content of a package'.repeat(1000));
const SHA256 = createHash('sha256').update(CONTENT).digest('hex');

eachPlace('the contract of packages', (place) => {
  let served: Served<typeof resources>;
  let key: string;
  let secret: { headers: Record<string, string> };
  let sources: string;

  before(async () => {
    process.env.TRESTLE_PACKAGES_SIMULATED_SECONDS = '0.05';
    served = await serveApp(app, await place());
    sources = join(served.data, 'sources');
    mkdirSync(sources);
    writeFileSync(join(sources, 'tool.tar'), CONTENT);
    process.env.TRESTLE_PACKAGES_SOURCES = sources;
    secret = { headers: { 'secret-key': served.administrator } };
    key = String((await served.call('GET', '/auth/new?name=tests', secret)).body);
  });
  after(async () => {
    await served.close();
    delete process.env.TRESTLE_PACKAGES_SIMULATED_SECONDS;
    delete process.env.TRESTLE_PACKAGES_SOURCES;
  });

  const is = (reply: Reply, status: number, body: unknown) =>
    assert.deepEqual([reply.status, reply.body], [status, body]);
  const call = (method: string, path: string, body?: unknown) =>
    served.call(method, path, { headers: { 'api-key': key }, body });
  const create = async (name: string, version: string, rest: object = {}) =>
    (await call('POST', '/packages/', { name, version, ...rest })).body as Package;
  const statusOf = async (id: number) => ((await call('GET', `/packages/${id}/`)).body as Package).status;

  /** Starts an operation and reads its events to the end. */
  const run = async (id: number, kind: string): Promise<Operation> => {
    const started = await call('POST', `/packages/${id}/${kind}`);
    assert.equal(started.status, 202, JSON.stringify(started.body));
    const events = await call('GET', `${started.headers.get('location')}/events`);
    const last = /data: (.*)\n\n$/.exec(String(events.body))?.[1];
    return JSON.parse(last ?? '');
  };

  it('asks for a key, in the header or the query', async () => {
    const secure = { message: 'This is a secure endpoint' };
    is(await served.call('GET', '/secure'), 403, { detail: 'An API key must be passed as query or header' });
    const wrong = { detail: 'Wrong, revoked, or expired API key.' };
    is(await served.call('GET', '/secure', { headers: { 'api-key': 'nonsense' } }), 403, wrong);
    is(await served.call('GET', '/secure', { headers: { 'api-key': `${key}x` } }), 403, wrong);
    is(await call('GET', '/secure'), 200, secure);
    is(await served.call('GET', `/secure?api-key=${key}`), 200, secure);
    is(await served.call('GET', '/packages/?skip=x'), 403, {
      detail: 'An API key must be passed as query or header',
    });
  });

  it('creates, lists, reads, changes and deletes packages', async () => {
    const created = await call('POST', '/packages/', { name: 'left-pad', version: '1.0' });
    const { id } = created.body as Package;
    is(created, 201, { id, name: 'left-pad', version: '1.0', status: 'Created' });
    is(await call('GET', `/packages/${id}/`), 200, created.body);
    is(await call('GET', `/packages/${id}`), 200, created.body);
    const changed = { id, name: 'left-pad', version: '1.1', status: 'Active' };
    is(
      await call('PUT', `/packages/${id}/`, { name: 'left-pad', version: '1.1', status_id: 3 }),
      200,
      changed,
    );
    const other = await create('right-pad', '1.0');
    const list = (await call('GET', '/packages/?take=1000')).body as Package[];
    assert.deepEqual(
      list.map((one) => one.id),
      list.map((one) => one.id).sort((a, b) => a - b),
    );
    is(await call('GET', `/packages/?skip=${list.length - 1}&take=1`), 200, [other]);
    is(await call('GET', '/packages/?take=0'), 200, []);
    is(await call('DELETE', `/packages/${id}/`), 200, {
      message: `Package with identifier: ${id} deleted successfully.`,
    });
    const gone = { detail: `Package with ID ${id} not found.` };
    is(await call('GET', `/packages/${id}/`), 404, gone);
    is(await call('DELETE', `/packages/${id}/`), 404, gone);
    is(await call('PUT', `/packages/${id}/`, { name: 'ab', version: 'ab', status_id: 1 }), 404, gone);
    is(await call('PUT', `/packages/downloaded/${id}/`), 404, gone);
    is(await call('POST', `/packages/${id}/download`), 404, gone);
  });

  it('refuses blank names and versions, unknown statuses and wrong types, changing nothing', async () => {
    for (const name of ['', ' ', 'x', '  x  ', 'x'.repeat(201)])
      is(await call('POST', '/packages/', { name, version: '1.0' }), 400, { detail: 'Invalid name.' });
    for (const version of ['', '1', '1'.repeat(51)])
      is(await call('POST', '/packages/', { name: 'ok', version }), 400, { detail: 'Invalid version.' });
    is(await call('POST', '/packages/', { name: 5 }), 422, {
      detail: [
        { loc: ['body', 'version'], msg: 'field required', type: 'value_error.missing' },
        { loc: ['body', 'name'], msg: 'str type expected', type: 'type_error.str' },
      ],
    });
    is(await call('GET', '/packages/abc/'), 422, {
      detail: [{ loc: ['path', 'id'], msg: 'value is not a valid integer', type: 'type_error.integer' }],
    });
    assert.equal((await call('GET', '/packages/?take=-1')).status, 422);
    const one = await create('steady', '1.0');
    for (const status_id of [99, 0, -1])
      is(await call('PUT', `/packages/${one.id}/`, { name: 'moved', version: '2.0', status_id }), 400, {
        detail: `Status identifier ${status_id} of the package, invalid.`,
      });
    is(await call('PUT', `/packages/${one.id}/`, { name: 'x', version: '2.0', status_id: 2 }), 400, {
      detail: 'Invalid name.',
    });
    is(await call('GET', `/packages/${one.id}/`), 200, one);
  });

  it('lets an outside agent report what it did', async () => {
    const { id } = await create('agent', '1.0');
    const report = async (what: string) => (await call('PUT', `/packages/${what}/${id}/`)).body as Package;
    assert.equal((await report('activated')).status, 'Created');
    assert.equal((await report('downloaded')).status, 'Downloaded');
    assert.equal((await report('downloaded')).status, 'Downloaded');
    assert.equal((await report('activated')).status, 'Active');
    assert.equal((await report('downloaded')).status, 'Active');
  });

  it('takes a new status without new code', async () => {
    const names = async () =>
      ((await call('GET', '/statuses')).body as { name: string }[]).map(({ name }) => name);
    assert.deepEqual(await names(), ['Created', 'Downloaded', 'Active']);
    is(await call('POST', '/statuses', { name: 'Rejected' }), 201, { id: 4, name: 'Rejected' });
    assert.equal((await call('POST', '/statuses', { name: 'Rejected' })).status, 409);
    assert.deepEqual(await names(), ['Created', 'Downloaded', 'Active', 'Rejected']);
    const { id } = await create('bad', '1.0');
    const rejected = await call('PUT', `/packages/${id}/`, { name: 'bad', version: '1.0', status_id: 4 });
    assert.equal((rejected.body as Package).status, 'Rejected');
    const refused = await call('POST', `/packages/${id}/download`);
    assert.equal(refused.status, 409);
    assert.match((refused.body as { detail: string }).detail, /Rejected/);
  });

  it('downloads and activates, each told from its events', async () => {
    const { id } = await create('simulated', '1.0');
    assert.equal((await call('POST', `/packages/${id}/activate`)).status, 409);
    const done = await run(id, 'download');
    assert.deepEqual(Object.keys(done).sort(), [
      'attempts',
      'created_at',
      'error',
      'finished_at',
      'id',
      'kind',
      'message',
      'package_id',
      'progress',
      'started_at',
      'state',
    ]);
    assert.equal(done.state, 'succeeded');
    assert.equal(done.progress, 1);
    assert.equal(await statusOf(id), 'Downloaded');
    assert.equal((await call('POST', `/packages/${id}/download`)).status, 409);
    assert.equal((await run(id, 'activate')).state, 'succeeded');
    assert.equal(await statusOf(id), 'Active');
    is(await call('GET', `/operations/${done.id}`), 200, done);
    const listed = (await call('GET', `/operations?package_id=${id}`)).body as { kind: string }[];
    assert.deepEqual(
      listed.map(({ kind }) => kind),
      ['activate', 'download'],
    );
    is(await call('GET', '/operations/nonsense'), 404, { detail: 'Operation with ID nonsense not found.' });
    const known = await served.call('GET', `/operations/${done.id}/events`, {
      headers: { 'api-key': key, 'last-event-id': '1000' },
    });
    assert.equal(known.status, 204);
  });

  it('runs one operation at a time on a package, and cancels it', async (t) => {
    // Read when the work begins, which may be after the answer.
    process.env.TRESTLE_PACKAGES_SIMULATED_SECONDS = '30';
    t.after(() => {
      process.env.TRESTLE_PACKAGES_SIMULATED_SECONDS = '0.05';
    });
    const { id } = await create('slow', '1.0');
    const started = await call('POST', `/packages/${id}/download`);
    const { id: operation } = started.body as Operation;
    assert.equal(started.headers.get('location'), `/operations/${operation}`);
    const second = await call('POST', `/packages/${id}/download`);
    assert.equal(second.status, 409);
    assert.ok((second.body as { detail: string }).detail.includes(operation));
    assert.equal((await call('GET', `/operations/${operation}`)).headers.get('retry-after'), '1');
    assert.equal((await call('POST', `/operations/${operation}/cancel`)).status, 202);
    await call('GET', `/operations/${operation}/events`);
    assert.equal(((await call('GET', `/operations/${operation}`)).body as Operation).state, 'cancelled');
    assert.equal(await statusOf(id), 'Created');
  });

  it('downloads what the source has, checks it, and switches the current version at once', async () => {
    const source = pathToFileURL(join(sources, 'tool.tar')).href;
    const wrong = await create('tool', '0.9', { source, sha256: '0'.repeat(64) });
    const failed = await run(wrong.id, 'download');
    assert.equal(failed.state, 'failed');
    assert.match(failed.error ?? '', /SHA-256/);
    assert.equal(await statusOf(wrong.id), 'Created');
    const first = await create('tool', '1.0', { source, sha256: SHA256 });
    const second = await create('tool', '2.0', { source });
    for (const { id } of [first, second]) assert.equal((await run(id, 'download')).state, 'succeeded');
    const stored = readFileSync(join(served.data, 'packages', 'artifacts', SHA256.slice(0, 2), SHA256));
    assert.deepEqual(stored, CONTENT);
    for (const [active, other] of [
      [first, second],
      [second, first],
    ] as const) {
      assert.equal((await run(active.id, 'activate')).state, 'succeeded');
      assert.deepEqual([await statusOf(active.id), await statusOf(other.id)], ['Active', 'Downloaded']);
      const current = await served.call('GET', '/v1/releases?filter[name]=tool', {
        headers: { 'x-api-key': key },
      });
      assert.equal((current.body as { items: { package_id: number }[] }).items[0]?.package_id, active.id);
    }
    const moves = await served.call('GET', `/v1/packages/${first.id}/moves`, {
      headers: { 'x-api-key': key },
    });
    assert.deepEqual(
      (moves.body as { items: { from: string; to: string }[] }).items.map(({ from, to }) => `${from} ${to}`),
      ['Active Downloaded', 'Downloaded Active', 'Created Downloaded'],
    );
  });

  it('resumes, checks and cuts off what an http source sends, the status unmoved where it fails', async () => {
    const server = await startSources();
    process.env.TRESTLE_PACKAGES_ALLOW_PRIVATE_SOURCES = '1';
    process.env.TRESTLE_PACKAGES_MAX_BYTES = '2000000';
    process.env.TRESTLE_PACKAGES_MAX_SECONDS = '1';
    const fetched = async (path: string, sha256: string | null) => {
      const { id } = await create('web', '1.0', { source: server.url + path, sha256 });
      const { state, error } = await run(id, 'download');
      return { state, error: error ?? '', status: await statusOf(id) };
    };
    try {
      const cut = await fetched('/cut', SOURCE_SHA256);
      assert.deepEqual(cut, { state: 'succeeded', error: '', status: 'Downloaded' });
      assert.match(server.requests.at(-1)?.headers.range ?? '', /^bytes=\d+-$/);
      assert.ok(server.requests.every(({ headers }) => !JSON.stringify(headers).includes(key)));
      for (const [path, sha256, words] of [
        ['/whole', '0'.repeat(64), /SHA-256/],
        ['/endless', null, /larger than 2000000/],
        ['/trickle', null, /longer than 1 s/],
        ['/redirect', null, /redirect/],
        ['/missing', null, /404/],
      ] as const) {
        const { state, error, status } = await fetched(path, sha256);
        assert.deepEqual([state, status], ['failed', 'Created'], path);
        assert.match(error, words);
      }
    } finally {
      for (const name of ['ALLOW_PRIVATE_SOURCES', 'MAX_BYTES', 'MAX_SECONDS'])
        delete process.env[`TRESTLE_PACKAGES_${name}`];
      await server.close();
    }
  });

  it('goes to no private address, and tells why', async () => {
    for (const source of [
      'http://127.0.0.1:1/x',
      'http://localhost:1/x',
      'http://[::ffff:10.0.0.1]/',
      'ftp://8.8.8.8/x',
    ]) {
      const { id } = await create('evil', '1.0', { source });
      const done = await run(id, 'download');
      assert.equal(done.state, 'failed', source);
      assert.match(done.error ?? '', /not public|http or https/);
      assert.equal(await statusOf(id), 'Created');
    }
  });

  it('manages keys with the administrator’s secret alone', async () => {
    const admin = (method: string, path: string) => served.call(method, path, secret);
    const missing = { detail: 'secret_key must be passed as a header field' };
    is(await served.call('GET', '/auth/new'), 403, missing);
    is(await call('GET', '/auth/logs'), 403, missing);
    is(await served.call('GET', '/auth/new', { headers: { 'secret-key': 'guess' } }), 403, {
      detail: 'Wrong secret key.',
    });
    const made = await admin('GET', '/auth/new?name=spare');
    assert.equal(made.status, 200);
    const spare = String(made.body);
    const tries = () => served.call('GET', '/secure', { headers: { 'api-key': spare } });
    assert.equal((await tries()).status, 200);
    is(await admin('GET', `/auth/revoke?api-key=${spare}`), 200, null);
    is(await tries(), 403, { detail: 'Wrong, revoked, or expired API key.' });
    const renewed = await admin('GET', `/auth/renew?api-key=${spare}&expiration-date=2100-01-02`);
    is(
      renewed,
      200,
      'This API key was revoked and has been reactivated. The new expiration date for the API key is 2100-01-02T00:00:00.000Z',
    );
    assert.equal((await tries()).status, 200);
    is(await admin('GET', '/auth/renew?api-key=nonsense'), 404, { detail: 'API key not found' });
    assert.equal((await admin('GET', `/auth/renew?api-key=${spare}&expiration-date=soon`)).status, 422);
    assert.equal((await admin('POST', `/auth/renew?api-key=${spare}`)).status, 200);
    const { logs } = (await admin('GET', '/auth/logs')).body as { logs: Record<string, unknown>[] };
    const log = logs.find(({ name }) => name === 'spare');
    assert.equal(log?.is_active, true);
    assert.equal(log?.never_expire, false);
    assert.equal(log?.total_queries, 2);
    assert.ok(String(log?.api_key).length < spare.length && !JSON.stringify(logs).includes(spare));
    const days = (Date.parse(String(log?.expiration_date)) - Date.now()) / 86_400_000;
    assert.ok(days > 14.9 && days < 15.1, String(days));
    const forever = String((await admin('POST', '/auth/new?name=forever&never_expires=true')).body);
    is(await admin('DELETE', `/auth/delete?api-key=${forever}`), 200, null);
    is(await admin('GET', `/auth/delete?api-key=${forever}`), 404, { detail: 'API key not found' });
    is(await admin('GET', `/auth/delete?api-key=${spare}`), 200, null);
    assert.equal((await tries()).status, 403);
    assert.ok(!served.log().includes(spare));
  });

  it('has the same operations in the uniform API', async () => {
    const headers = { 'x-api-key': key };
    const { id } = await create('uniform', '1.0');
    const early = await served.call('POST', `/v1/packages/${id}:activate`, { headers });
    assert.equal(early.status, 409);
    assert.equal((early.body as { code: string }).code, 'illegal_transition');
    const started = await served.call('POST', `/v1/packages/${id}:download`, { headers });
    assert.equal(started.status, 202);
    const location = started.headers.get('location') ?? '';
    assert.match(location, /^\/v1\/operations\//);
    const events = await served.call('GET', `${location}/events`, { headers });
    assert.match(events.headers.get('content-type') ?? '', /^text\/event-stream/);
    assert.match(String(events.body), /event: succeeded\n/);
    assert.equal((await served.call('GET', '/v1/operations?limit=1', { headers })).status, 200);
    assert.equal((await served.call('GET', '/v1/operations')).status, 401);
    assert.equal((await served.call('GET', location)).status, 401);
    assert.equal(
      (await served.call('PATCH', `/v1/packages/${id}`, { headers, body: { status_id: 3 } })).status,
      400,
    );
  });
});

it('ends event streams when the server stops, and gives the operation back', async () => {
  process.env.TRESTLE_PACKAGES_SIMULATED_SECONDS = '60';
  const served = await serveApp(app);
  let closed: Promise<void> | undefined;
  try {
    const headers = { authorization: `Bearer ${served.administrator}` };
    const made = await served.call('POST', '/v1/packages', {
      headers,
      body: { name: 'long', version: '1.0' },
    });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const { id } = made.body as Package;
    const started = await served.call('POST', `/v1/packages/${id}:download`, { headers });
    assert.equal(started.status, 202, JSON.stringify(started.body));
    const { id: operation } = started.body as Operation;
    const events = await fetch(`${served.url}/v1/operations/${operation}/events`, { headers });
    const reader = events.body?.pipeThrough(new TextDecoderStream()).getReader();
    assert.match((await reader?.read())?.value ?? '', /^retry: /);
    const begun = performance.now();
    closed = served.close();
    while (!(await reader?.read())?.done);
    await closed;
    assert.ok(performance.now() - begun < 15_000);
  } finally {
    await (closed ?? served.close());
    delete process.env.TRESTLE_PACKAGES_SIMULATED_SECONDS;
  }
});
