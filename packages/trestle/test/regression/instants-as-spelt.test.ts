// A database of an earlier version may hold instants as they were spelt, and values without their defaults: they are mended at start.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anyone, app, integerId, list, object, resource, text, timestamp } from 'trestle';
import { sql } from '../../src/database/sql.ts';
import { statement } from '../../src/database/statement.ts';
import type { Store } from '../../src/database/store.ts';
import { serveApp } from '../../src/testing.ts';
import { eachPlace } from '../stores.ts';

const spelt = app({
  name: 'spelt',
  resources: {
    notes: resource({
      id: integerId(),
      fields: {
        name: text({ max: 2, index: true }),
        at: timestamp({ index: true }),
        place: object({ city: text({ default: 'here' }), since: timestamp({ nullable: true }) }),
        times: list(timestamp()),
      },
      can: { read: anyone, create: anyone },
    }),
  },
});

const run = (store: Store, query: ReturnType<typeof sql>) =>
  store.write((transaction) => transaction.all(statement(store.dialect, query), []));

/** Takes what only this version writes down out of the history. */
async function forgetSchemas(store: Store): Promise<void> {
  const history = sql.table('_trestle_schema');
  const [row] = await store.all(statement(store.dialect, sql`select tables from ${history}`), []);
  const tables = JSON.parse(String(row?.tables), (key, value) => (key === 'schema' ? undefined : value));
  await run(store, sql`update ${history} set tables = ${sql.lit(JSON.stringify(tables))}`);
}

eachPlace('values of an earlier version', (place) => {
  test('are kept as this version keeps them, and what is too long for an index still starts', async () => {
    const where = await place();
    const before = await serveApp(spelt, where);
    const body = { name: 'a', at: '1970-01-01T00:00:00Z', place: {}, times: [] };
    for (const name of ['a', 'b', 'c']) await before.call('POST', '/v1/notes', { body: { ...body, name } });
    const { store } = before.engine;
    const notes = sql.table('notes');
    await run(
      store,
      sql`update ${notes} set at = '1969-12-31T23:00:00-01:00', place = '{"since":"2026-01-01T01:00:00+01:00"}',
      times = '["2026-01-01T00:00:00Z"]' where id = 2`,
    );
    await run(store, sql`update ${notes} set name = ${sql.lit('b'.repeat(300))} where id = 3`);
    await forgetSchemas(store);
    await before.close();

    const served = await serveApp(spelt, where);
    const mended = {
      id: 2,
      name: 'b',
      at: '1970-01-01T00:00:00.000Z',
      place: { city: 'here', since: '2026-01-01T00:00:00.000Z' },
      times: ['2026-01-01T00:00:00.000Z'],
    };
    const { body: row } = await served.call('GET', '/v1/notes/2');
    assert.deepEqual(row, mended);
    const { body: equal } = await served.call(
      'GET',
      '/v1/notes?filter[at]=1970-01-01T00:00:00Z&sort=at&limit=2',
    );
    assert.partialDeepStrictEqual(equal, { items: [{ id: 1 }, { id: 2 }] });
    const { body: kept } = await served.call('GET', '/v1/notes/3');
    assert.partialDeepStrictEqual(kept, { name: 'b'.repeat(300) });
    await served.close();
    const again = await serveApp(spelt, where);
    assert.deepEqual((await again.call('GET', '/v1/notes/2')).body, mended);
    await again.close();
  });
});
