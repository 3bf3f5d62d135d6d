// Numbered pages: `page` and `offset`, bounded, and never beside a cursor.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accounts, anyone, app, integer, integerId, resource } from 'trestle';
import { startApps } from '../harness.ts';
import { eachPlace } from '../stores.ts';

const numbers = app({
  name: 'numbers',
  accounts: accounts(),
  resources: {
    numbers: resource({
      id: integerId(),
      fields: { value: integer() },
      order: '-value',
      can: { read: anyone, create: anyone },
    }),
  },
});

interface Numbers {
  items: { value: number }[];
  next: string | null;
  code?: string;
}

eachPlace('numbered pages', (place) => {
  test('cut the list, and its links go on from there', async () => {
    await using server = await startApps(numbers, await place());
    for (let value = 1; value <= 10; value++) await server.call('POST /v1/numbers', { body: { value } });
    const valuesOf = async (query: string) => {
      const { status, body, headers } = await server.call<Numbers>(`GET /v1/numbers?${query}`);
      assert.equal(status, 200, query);
      return {
        values: body.items.map(({ value }) => value),
        next: body.next,
        link: headers.get('link') ?? '',
      };
    };
    assert.deepEqual((await valuesOf('limit=3&page=1')).values, [10, 9, 8]);
    assert.deepEqual((await valuesOf('limit=3&page=2')).values, [7, 6, 5]);
    assert.deepEqual((await valuesOf('limit=3&page=4')).values, [1]);
    assert.deepEqual((await valuesOf('limit=3&page=5')).values, []);
    assert.deepEqual((await valuesOf('limit=4&offset=8')).values, [2, 1]);
    const second = await valuesOf('limit=3&page=2&sort=value');
    assert.deepEqual(second.values, [4, 5, 6]);
    assert.deepEqual((await valuesOf(`limit=3&sort=value&cursor=${second.next}`)).values, [7, 8, 9]);
    const [, next = ''] = /<([^>]+)>; rel="next"/.exec(second.link) ?? [];
    assert.ok(!/page=/.test(next), next);
    const { body } = await server.call<Numbers>(`GET ${next}`);
    assert.deepEqual(
      body.items.map(({ value }) => value),
      [7, 8, 9],
    );
  });

  test('are bounded, and exclude each other and the cursor', async () => {
    await using server = await startApps(numbers, await place());
    for (const query of [
      'page=0',
      'page=-1',
      'page=x',
      'page=1.5',
      'page=',
      'page=202',
      'limit=200&page=52',
      'offset=10001',
      'offset=-1',
      'page=1&offset=0',
      'page=1&cursor=x',
      'offset=0&cursor=x',
      'page=1&page=2',
    ]) {
      const { status, body } = await server.call<Numbers>(`GET /v1/numbers?${query}`);
      assert.deepEqual([status, body.code], [400, 'invalid_query'], query);
    }
    for (const query of ['page=201', 'limit=200&page=51', 'offset=10000', 'offset=0'])
      assert.equal((await server.call(`GET /v1/numbers?${query}`)).status, 200, query);
  });
});
