import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  accounts,
  anyone,
  anyText,
  app,
  author,
  boolean,
  counter,
  integer,
  integerId,
  own,
  resource,
  signedIn,
  text,
} from 'trestle';
import { type Served, serveApp } from 'trestle/testing';
import { eachPlace } from '../stores.ts';
import { at, problem } from './notes.ts';

const can = { read: anyone, create: anyone, update: anyone, delete: anyone };

const resources = {
  items: resource({
    id: integerId(),
    fields: {
      sku: text({ unique: true, max: 20 }),
      stock: integer({ default: 0, min: 0, max: 1000 }),
      views: counter({}),
      hidden: boolean({ default: false }),
    },
    can,
  }),
  contracts: resource({ id: integerId(), fields: { title: text() }, conditional: 'required', can }),
  diaries: resource({
    id: integerId(),
    fields: { line: text(), owner: author() },
    can: { read: anyone, create: signedIn, update: own('owner'), delete: own('owner') },
  }),
};

eachPlace('writes of the uniform API', (place) => {
  let served: Served<typeof resources>;
  const call = (line: string, body?: unknown, headers: Record<string, string> = {}) => {
    const [method = '', path = ''] = line.split(' ');
    return served.call(method, `/v1/${path}`, { headers, ...(body !== undefined && { body }) });
  };
  const made = async (body: object) => Number(at((await call('POST items', body)).body, 'id'));
  const count = async (filter = '') =>
    at((await call(`GET items:aggregate?${filter}`)).body, 'items', 0, 'count');

  before(async () => {
    const declared = app({ name: 'stockroom', accounts: accounts({ password: anyText }), resources });
    served = await serveApp(declared, await place());
  });
  after(() => served.close());

  test('increments are exact under concurrency, and bounded', async () => {
    const id = await made({ sku: 'inc', stock: 10 });
    const replies = await Promise.all(
      Array.from({ length: 60 }, () => call(`POST items/${id}:increment`, { stock: 2, views: 1 })),
    );
    assert.deepEqual([...new Set(replies.map(({ status }) => status))], [200]);
    const row = (await call(`GET items/${id}`)).body;
    assert.deepEqual([at(row, 'stock'), at(row, 'views')], [130, 60]);
    assert.equal(at((await call(`POST items/${id}:increment`, { stock: -130 })).body, 'stock'), 0);
    problem(await call(`POST items/${id}:increment`, { stock: -1 }), 422, 'invalid', ['/stock']);
    problem(await call(`POST items/${id}:increment`, { sku: 1 }), 400, 'unknown_field', ['/sku']);
    problem(await call(`POST items/${id}:increment`, {}), 422, 'invalid', ['']);
    problem(await call('POST items/999999:increment', { stock: 1 }), 404, 'not_found');
  });

  test('upserts make one row, however many do so at once', async () => {
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, n) => call('PUT items/by/sku/up', { stock: n })),
    );
    assert.deepEqual(replies.map(({ status }) => status).sort(), [...Array(19).fill(200), 201]);
    const first = replies.find(({ status }) => status === 201);
    assert.equal(first?.headers.get('location'), `/v1/items/${at(first?.body, 'id')}`);
    assert.equal(await count('filter[sku]=up'), 1);
    problem(await call('PUT items/by/sku/other', { sku: 'another' }), 422, 'invalid', ['/sku']);
    problem(await call('PUT items/by/sku/none', {}, { 'If-Match': '"1-x"' }), 412, 'precondition_failed');
    const renamed = await call('PUT items/by/sku/up', { sku: 'up2' });
    assert.deepEqual([renamed.status, at(renamed.body, 'sku')], [200, 'up2']);
  });

  test('many rows are created all or none, the wrong one by its place', async () => {
    const good = await call('POST items:createMany', { items: [{ sku: 'm1' }, { sku: 'm2' }] });
    assert.deepEqual([good.status, (at(good.body, 'items') as object[]).length], [201, 2]);
    const bad = await call('POST items:createMany', { items: [{ sku: 'm3' }, { sku: 'm4', stock: -1 }] });
    problem(bad, 422, 'invalid', ['/items/1/stock']);
    problem(await call('POST items:createMany', { items: [{ sku: 'm3' }, { sku: 'm1' }] }), 409, 'conflict', [
      '/items/1/sku',
    ]);
    problem(await call('POST items:createMany', {}), 422, 'invalid', ['/items']);
    assert.equal(await count('filter[sku][starts]=m'), 2);
  });

  test('changes and deletions by filter are bounded by max, all or none', async () => {
    for (let n = 0; n < 5; n += 1) await made({ sku: `f${n}`, stock: n });
    problem(await call('PATCH items?filter[sku][starts]=f', { hidden: true }), 400, 'invalid_query', ['max']);
    problem(await call('PATCH items?max=10', { hidden: true }), 400, 'invalid_query');
    problem(await call('PATCH items?filter[sku][starts]=f&max=4', { hidden: true }), 400, 'invalid_query');
    problem(await call('DELETE items?filter[nope]=f&max=4'), 400, 'invalid_query', ['/nope']);
    assert.equal(await count('filter[hidden]=true'), 0);
    const patched = await call('PATCH items?filter[sku][starts]=f&max=5', { hidden: true });
    assert.deepEqual([patched.status, patched.body], [200, { count: 5 }]);
    assert.equal(await count('filter[hidden]=true'), 5);
    const dry = await call('DELETE items?filter[hidden]=true&max=5&dry_run=true');
    assert.deepEqual([dry.status, dry.body, dry.headers.get('dry-run')], [200, { count: 5 }, 'true']);
    assert.deepEqual((await call('DELETE items?filter[hidden]=true&max=5')).body, { count: 5 });
    assert.equal(await count('filter[hidden]=true'), 0);
  });

  test('a row of a filter that the caller may not write undoes all of it', async () => {
    const tokens: string[] = [];
    for (const username of ['ann', 'ben']) {
      await served.call('POST', '/v1/accounts', { body: { username, password: 'p' } });
      const session = await served.call('POST', '/v1/sessions', { body: { username, password: 'p' } });
      const token = String(at(session.body, 'access_token'));
      tokens.push(token);
      await served.call('POST', '/v1/diaries', { token, body: { line: username } });
    }
    const path = '/v1/diaries?filter[id][gt]=0&max=9';
    problem(await served.call('PATCH', path, { token: tokens[0], body: { line: 'x' } }), 403, 'forbidden');
    assert.deepEqual(
      (at((await call('GET diaries')).body, 'items') as object[]).map((row) => at(row, 'line')),
      ['ann', 'ben'],
    );
    problem(await served.call('DELETE', path), 401, 'unauthenticated');
  });

  test('a dry run checks everything and writes nothing, with and without an Idempotency-Key', async () => {
    await made({ sku: 'dry' });
    problem(await call('POST items?dry_run=true', { sku: 'dry' }), 409, 'conflict', ['/sku']);
    problem(await call('POST items?dry_run=true', { sku: 'x', stock: -1 }), 422, 'invalid', ['/stock']);
    const headers = { 'Idempotency-Key': 'dry' };
    const dry = await call('POST items?dry_run=true', { sku: 'dry2' }, headers);
    assert.deepEqual([dry.status, at(dry.body, 'sku'), dry.headers.get('dry-run')], [201, 'dry2', 'true']);
    assert.equal(await count('filter[sku]=dry2'), 0);
    assert.equal((await call('POST items', { sku: 'dry2' }, headers)).headers.get('dry-run'), null);
    assert.equal(await count('filter[sku]=dry2'), 1);
    problem(await call('POST items?dry_run=maybe', { sku: 'x' }), 400, 'invalid_query', ['dry_run']);
  });

  test('Prefer: return=minimal answers no body', async () => {
    const headers = { Prefer: 'respond-async, return=minimal' };
    const created = await call('POST items', { sku: 'min' }, headers);
    assert.deepEqual([created.status, created.body], [201, undefined]);
    assert.equal(created.headers.get('preference-applied'), 'return=minimal');
    const path = (created.headers.get('location') ?? '').slice(4);
    const patched = await call(`PATCH ${path}`, { stock: 5 }, headers);
    assert.deepEqual([patched.status, patched.body], [204, undefined]);
    const etag = patched.headers.get('etag') ?? '';
    assert.equal((await call(`PATCH ${path}`, { stock: 6 }, { 'If-Match': etag })).status, 200);
  });

  test('a version must be named where the declaration says so', async () => {
    const created = await call('POST contracts', { title: 'a' });
    const path = `contracts/${at(created.body, 'id')}`;
    for (const method of ['PATCH', 'PUT', 'DELETE'])
      problem(
        await call(`${method} ${path}`, method === 'DELETE' ? undefined : { title: 'b' }),
        428,
        'precondition_required',
      );
    const headers = { 'If-Match': created.headers.get('etag') ?? '' };
    assert.equal((await call(`PATCH ${path}`, { title: 'b' }, headers)).status, 200);
    problem(await call(`PATCH ${path}`, { title: 'c' }, headers), 412, 'precondition_failed');
  });

  test('a batch is done whole, with references between its requests, or not at all', async () => {
    const whole = await call('POST batch', {
      requests: [
        { method: 'POST', path: '/v1/items', body: { sku: 'batch', stock: 3 }, as: 'a' },
        { method: 'POST', path: '/v1/items/{a.id}:increment', body: { stock: 4 } },
        { method: 'PATCH', path: '/v1/items/by/sku/batch', body: { hidden: true }, as: 'b' },
        { method: 'POST', path: '/v1/items', body: { sku: 'batch2', stock: { $ref: 'b.stock' } } },
        { method: 'GET', path: '/v1/items/{a.id}?fields=stock' },
        { method: 'DELETE', path: '/v1/items/{a.id}' },
      ],
    });
    assert.equal(whole.status, 200, JSON.stringify(whole.body));
    const results = at(whole.body, 'results') as object[];
    assert.deepEqual(
      results.map((each) => at(each, 'status')),
      [201, 200, 200, 201, 200, 204],
    );
    assert.equal(at(results, 3, 'body', 'stock'), 7);
    assert.equal(at(results, 4, 'body', 'stock'), 7);
    assert.match(String(at(results, 0, 'headers', 'location')), /^\/v1\/items\/\d+$/);
    assert.equal(await count('filter[sku][starts]=batch'), 1);

    const failed = await call('POST batch', {
      requests: [
        { method: 'POST', path: '/v1/items', body: { sku: 'undone' } },
        { method: 'POST', path: '/v1/items', body: { sku: 'undone2', stock: -1 } },
      ],
    });
    problem(failed, 422, 'invalid', ['/requests/1/body/stock']);
    assert.equal(await count('filter[sku][starts]=undone'), 0);
    const refused = (requests: object[]) => call('POST batch', { requests });
    problem(await refused([{ method: 'GET', path: '/v1/accounts' }]), 422, 'invalid', ['/requests/0/body']);
    const wide = { method: 'DELETE', path: '/v1/items?filter[id][gt]=0&max=9' };
    problem(await refused([wide]), 422, 'invalid', ['/requests/0/body']);
    problem(await refused([{ method: 'DELETE', path: '/v1/items/{x.id}' }]), 422, 'invalid', [
      '/requests/0/body',
    ]);
    problem(await refused([{ method: 'DELETE', path: '/v1/items/999999' }]), 404, 'not_found');
    problem(await refused([]), 422, 'invalid', ['/requests']);
  });

  test('a batch that is not atomic answers each request, and is repeated by its Idempotency-Key', async () => {
    const send = () =>
      call(
        'POST batch',
        {
          atomic: false,
          requests: [
            { method: 'POST', path: '/v1/items', body: { sku: 'apart' } },
            { method: 'POST', path: '/v1/items', body: { sku: 'apart' } },
            { method: 'POST', path: '/v1/items', body: { sku: 'apart2' } },
          ],
        },
        { 'Idempotency-Key': 'apart' },
      );
    const first = await send();
    const second = await send();
    assert.equal(first.status, 207);
    const results = at(first.body, 'results') as object[];
    assert.deepEqual(
      results.map((each) => at(each, 'status')),
      [201, 409, 201],
    );
    assert.equal(at(results, 1, 'body', 'code'), 'conflict');
    assert.deepEqual(at(second.body, 'results', 0, 'body'), at(results, 0, 'body'));
    assert.equal(await count('filter[sku][starts]=apart'), 2);

    const atomic = () =>
      call(
        'POST batch',
        { requests: [{ method: 'POST', path: '/v1/items', body: { sku: 'together' } }] },
        { 'Idempotency-Key': 'together' },
      );
    const [one, two] = [await atomic(), await atomic()];
    assert.deepEqual([one.status, two.status, two.body], [200, 200, one.body]);
    assert.equal(two.headers.get('idempotent-replayed'), 'true');
  });
});
