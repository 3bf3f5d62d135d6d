import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { anyone, app, resource, text } from 'trestle';
import { serveApp } from 'trestle/testing';
import { sql } from '../../src/database/sql.ts';
import { statement } from '../../src/database/statement.ts';
import { lifecycleApp } from '../jobs/lifecycle-app.ts';
import { eachPlace, everyPlace } from '../stores.ts';
import { at, Notebook, problem } from './notes.ts';

everyPlace('Idempotency-Key', (place) => {
  const book = new Notebook(place);
  const keyed = (key: string, body: unknown, token = book.anna) =>
    book.served.call('POST', '/v1/notes', { token, body, headers: { 'Idempotency-Key': key } });
  const titles = async (title: string) =>
    at((await book.call('GET', `/v1/notes?filter[title]=${title}&count=exact`)).body, 'total');
  /** Sends it again while it is under way, as a client does. */
  const settled = async (send: () => ReturnType<typeof keyed>) => {
    for (;;) {
      const reply = await send();
      if (reply.status !== 409) return reply;
      assert.equal(at(reply.body, 'code'), 'idempotency_key_in_use');
      assert.equal(reply.headers.get('retry-after'), '1');
    }
  };

  test('fifty retries at once make one row and get one answer', async () => {
    const replies = await Promise.all(
      Array.from({ length: 50 }, () => settled(() => keyed('at-once', { title: 'at-once' }))),
    );
    const [first] = replies;
    assert.equal(first?.status, 201);
    for (const reply of replies) {
      assert.deepEqual(
        [reply.status, reply.body, reply.headers.get('etag'), reply.headers.get('location')],
        [201, first?.body, first?.headers.get('etag'), first?.headers.get('location')],
      );
    }
    assert.equal(replies.filter(({ headers }) => headers.get('idempotent-replayed') === null).length, 1);
    assert.equal(await titles('at-once'), 1);
  });

  test('another body, address or method is refused; an answer of a failure is not kept', async () => {
    problem(await keyed('body', { title: '' }), 422, 'invalid', ['/title']);
    const made = await keyed('body', { title: 'body' });
    assert.equal(made.status, 201);
    problem(await keyed('body', { title: 'other' }), 422, 'idempotency_key_reused');
    const path = `/v1/notes/${at(made.body, 'id')}`;
    problem(
      await book.call('PATCH', path, { title: 'body' }, { 'Idempotency-Key': 'body' }),
      422,
      'idempotency_key_reused',
    );
    assert.deepEqual((await keyed('body', { title: 'body' })).body, made.body);
  });

  test('a repeated conditional change and a repeated deletion succeed', async () => {
    const id = await book.note({ title: 'conditional' });
    const patch = () =>
      book.call('PATCH', `/v1/notes/${id}`, { rank: 1 }, { 'Idempotency-Key': 'patch', 'If-Match': etag });
    const etag = (await book.call('GET', `/v1/notes/${id}`)).headers.get('etag') ?? '';
    const first = await patch();
    const second = await patch();
    assert.deepEqual([first.status, second.status, second.body], [200, 200, first.body]);
    assert.equal(second.headers.get('idempotent-replayed'), 'true');
    const remove = () => book.call('DELETE', `/v1/notes/${id}`, undefined, { 'Idempotency-Key': 'gone' });
    assert.deepEqual([(await remove()).status, (await remove()).status], [204, 204]);
    problem(await book.call('DELETE', `/v1/notes/${id}`), 404, 'not_found');
  });

  test('a key is its caller’s own', async () => {
    await keyed('own', { title: 'own' });
    const other = await keyed('own', { title: 'own' }, book.ben);
    assert.deepEqual([other.status, other.headers.get('idempotent-replayed')], [201, null]);
    assert.equal(await titles('own'), 2);
    problem(
      await book.anonymous('POST', '/v1/notes', { body: {}, headers: { 'Idempotency-Key': 'own' } }),
      401,
      'unauthenticated',
    );
  });

  test('keys that are none are refused', async () => {
    for (const key of ['', 'x'.repeat(256), 'é']) problem(await keyed(key, { title: 'x' }), 400, 'malformed');
  });

  test('an answer is kept for a day, then removed; nothing in the database can be read', async () => {
    const made = await keyed('a-day-of-it', { title: 'a-day-of-it' });
    const { store, idempotency } = book.served.engine;
    const table = sql.table('_trestle_idempotency_keys');
    const run = (query: ReturnType<typeof sql>) =>
      store.write((transaction) => transaction.all(statement(store.dialect, query), []));
    const kept = JSON.stringify(await run(sql`select * from ${table}`));
    assert.ok(
      kept.length > 100 && !kept.includes('a-day-of-it') && !kept.includes(String(at(made.body, 'id'))),
    );
    await store.write((transaction) => idempotency.purge(transaction));
    assert.equal(
      (await keyed('a-day-of-it', { title: 'a-day-of-it' })).headers.get('idempotent-replayed'),
      'true',
    );
    const old = new Date(Date.now() - 24 * 3_600_000 - 1000).toISOString();
    await run(sql`update ${table} set created_at = ${sql.lit(old)}`);
    assert.equal((await keyed('a-day-of-it', { title: 'again' })).status, 201);
    await store.write((transaction) => idempotency.purge(transaction));
    assert.equal((await run(sql`select id from ${table}`)).length, 1);
  });

  test('without the header a write takes the statements that it took', async () => {
    const { served } = book;
    const counted = async (headers: Record<string, string>) => {
      const from = served.statements();
      const reply = await served.call('POST', '/v1/notes', {
        token: book.anna,
        body: { title: 'x' },
        headers,
      });
      assert.equal(reply.status, 201);
      return served.statements() - from;
    };
    assert.ok((await counted({})) < (await counted({ 'Idempotency-Key': 'counted' })));
  });
});

eachPlace('Idempotency-Key and before code', (place) => {
  test('the code runs once, and may wait for anything', async (t) => {
    let runs = 0;
    const books = resource({
      fields: { title: text(), isbn: text({ default: '' }) },
      can: { read: anyone, create: anyone },
      before: {
        create: async (_context, { body }) => {
          await readFile(import.meta.filename);
          runs += 1;
          return { ...body, isbn: `${body.title} ${runs}` };
        },
      },
    });
    const served = await serveApp(app({ name: 'library', resources: { books } }), await place());
    t.after(() => served.close());
    const create = () =>
      served.call('POST', '/v1/books', { body: { title: 'Emma' }, headers: { 'Idempotency-Key': 'k' } });
    const first = await create();
    assert.deepEqual([first.status, at(first.body, 'isbn')], [201, 'Emma 1']);
    assert.deepEqual((await create()).body, first.body);
    assert.equal(runs, 1);
  });
});

eachPlace('Idempotency-Key of keys and accounts', (place) => {
  test('a key is made, rolled and an account signed up once', async (t) => {
    const notes = resource({ fields: { title: text() }, can: { read: anyone } });
    const served = await serveApp(app({ name: 'once', resources: { notes } }), await place());
    t.after(() => served.close());
    const token = served.administrator;
    const twice = async (path: string, key: string, body?: unknown) => {
      const send = () => served.call('POST', path, { token, headers: { 'Idempotency-Key': key }, body });
      const [first, second] = [await send(), await send()];
      assert.equal(first.status, 201, JSON.stringify(first.body));
      assert.deepEqual([second.status, second.body], [201, first.body]);
      assert.equal(second.headers.get('idempotent-replayed'), 'true');
      return first.body;
    };
    const made = await twice('/v1/keys', 'make', { name: 'k' });
    await twice(`/v1/keys/${at(made, 'id')}:roll`, 'roll', {});
    const credentials = { username: 'ann', password: 'the lighthouse keeper paints' };
    await twice('/v1/accounts', 'sign up', credentials);
    const count = async (path: string) =>
      at((await served.call('GET', `${path}?count=exact`, { token })).body, 'total');
    assert.deepEqual([await count('/v1/keys'), await count('/v1/accounts')], [2, 1]);
    const key = { 'Idempotency-Key': 'sign up' };
    const other = { ...credentials, username: 'bob' };
    problem(
      await served.call('POST', '/v1/accounts', { token, headers: key, body: other }),
      422,
      'idempotency_key_reused',
    );
  });
});

eachPlace('Idempotency-Key of an operation', (place) => {
  test('it is started once', async (t) => {
    const may = Promise.withResolvers<void>();
    const run = async () => {
      await may.promise;
      return {};
    };
    const served = await serveApp(lifecycleApp({ approve: run, publish: run }), await place());
    t.after(() => served.close());
    const made = await served.call('POST', '/v1/articles', { body: { name: 'a' } });
    const start = (headers: Record<string, string> = {}) =>
      served.call('POST', `/v1/articles/${at(made.body, 'id')}:approve`, { headers });
    const key = { 'Idempotency-Key': 'approve' };
    const [first, second] = [await start(key), await start(key)];
    assert.deepEqual([first.status, second.status, second.body], [202, 202, first.body]);
    assert.equal((await start()).status, 409);
    may.resolve();
  });
});
