import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anyone, app, decimal, type Field, integer, integerId, list, number, resource, text } from 'trestle';
import { serveApp } from 'trestle/testing';
import { insert, rowsOf } from '../database/migrations/rows.ts';
import { migrateTo, tablesFor } from '../database/migrations/states.ts';
import { eachPlace, eachStore } from '../stores.ts';
import { exchangeOf } from './exchange.ts';

const amounts = resource({
  id: integerId(),
  fields: {
    value: decimal({ digits: 12, scale: 2, index: true }),
    big: decimal({ digits: 38, scale: 0, nullable: true, unique: true }),
    small: decimal({ digits: 3, scale: 3, default: '0.5' }),
    all: list(decimal({ digits: 4, scale: 1 }), { default: [] }),
  },
  can: { read: anyone, create: anyone, update: anyone },
});
const shop = app({ name: 'shop', resources: { amounts } });

const TAKEN = [
  ['12.5', '12.50'],
  ['0', '0.00'],
  ['-0.00', '0.00'],
  ['-12.34', '-12.34'],
  ['9999999999.99', '9999999999.99'],
  ['-9999999999.99', '-9999999999.99'],
  ['0.1', '0.10'],
  ['-0.01', '-0.01'],
  ['7.100', '7.10'],
];
const REFUSED = ['1.234', '10000000000', '', '1,5', '01', '1e3', '+1', ' 1', 'NaN', '.5', 5, null, true];

eachPlace('a decimal', (place) => {
  test('is answered exactly, with the declared digits after the point', async (t) => {
    const served = await serveApp(shop, await place());
    t.after(() => served.close());
    for (const [sent, kept] of TAKEN) {
      const { body, status } = await served.call('POST', '/v1/amounts', { body: { value: sent } });
      assert.equal(status, 201, JSON.stringify(body));
      assert.partialDeepStrictEqual(body, { value: kept, big: null, small: '0.500' });
    }
    for (const value of REFUSED)
      assert.equal(
        (await served.call('POST', '/v1/amounts', { body: { value } })).status,
        422,
        String(value),
      );
    const big = '9'.repeat(38);
    const patched = await served.call('PATCH', '/v1/amounts/1', { body: { big, all: ['-1', '2.50'] } });
    assert.partialDeepStrictEqual(patched.body, { value: '12.50', big, all: ['-1.0', '2.5'] });
    assert.partialDeepStrictEqual((await served.call('GET', '/v1/amounts/1')).body, { big });
    assert.equal((await served.call('PATCH', '/v1/amounts/2', { body: { big } })).status, 409);
    const same = await served.call('PATCH', '/v1/amounts/1', { body: { value: '12.500' } });
    assert.equal(same.headers.get('etag'), patched.headers.get('etag'));
  });

  test('is filtered and sorted as a number', async (t) => {
    const served = await serveApp(shop, await place());
    t.after(() => served.close());
    for (const [value] of TAKEN) await served.call('POST', '/v1/amounts', { body: { value } });
    const values = async (query: string) => {
      const { body } = await served.call('GET', `/v1/amounts?${query}`);
      return (body as { items: { value: string }[] }).items.map(({ value }) => value);
    };
    const sorted = [
      '-9999999999.99',
      '-12.34',
      '-0.01',
      '0.00',
      '0.00',
      '0.10',
      '7.10',
      '12.50',
      '9999999999.99',
    ];
    assert.deepEqual(await values('sort=value'), sorted);
    const pages: string[] = [];
    for (let cursor = ''; ; ) {
      const { body } = await served.call('GET', `/v1/amounts?sort=-value&limit=2${cursor}`);
      const { items, next } = body as { items: { value: string }[]; next: string | null };
      pages.push(...items.map(({ value }) => value));
      if (next === null) break;
      cursor = `&cursor=${next}`;
    }
    assert.deepEqual(pages, sorted.toReversed());
    assert.deepEqual(await values('filter[value]=12.5'), ['12.50']);
    assert.deepEqual(await values('filter[value][lt]=-0.01&sort=value'), ['-9999999999.99', '-12.34']);
    assert.deepEqual(await values('filter[value][between]=0.1,10&sort=value'), ['0.10', '7.10']);
    assert.deepEqual(await values('filter[value][in]=7.1,12.50,3&sort=value'), ['7.10', '12.50']);
    for (const filter of ['filter[value]=x', 'filter[value][contains]=1', 'filter[value][gt]=0.001'])
      assert.equal((await served.call('GET', `/v1/amounts?${filter}`)).status, 400, filter);
    const { body } = await served.call('GET', '/openapi.json');
    assert.match(JSON.stringify(body), /"value":\{"type":"string","pattern":/);
  });
});

eachStore('a decimal', (open) => {
  for (const format of ['csv', 'ndjson'] as const)
    test(`is exported as ${format} and imported again`, async () => {
      const { imported, exported } = await exchangeOf(shop, 'amounts', await open());
      const row = { value: '-1.5', big: '123456789012345678901234567890' };
      const content = format === 'csv' ? `value,big\r\n${Object.values(row)}\r\n` : JSON.stringify(row);
      assert.equal((await imported(format, content)).rows, 1);
      assert.match(await exported(format), /-1\.50.*123456789012345678901234567890/);
      assert.equal((await imported(format, content.replace('-1.5', '1.555'))).refusals, 1);
      assert.equal((await imported(format, content)).refused[0]?.errors[0]?.code, 'taken');
    });

  test('is reached from numbers and texts in a migration, and goes back to them', async () => {
    const id = integerId();
    const exact = (scale: number) => decimal({ digits: 10, scale, nullable: true });
    const cases: readonly [Field, Field, unknown, unknown, unknown?][] = [
      [integer({ nullable: true }), exact(2), 7, '7.00'],
      [number({ nullable: true }), exact(2), 0.1, '0.10', 0.125],
      [text({ nullable: true }), exact(1), '-3.50', '-3.5', '3.55'],
      [exact(2), text({ nullable: true }), '3.5', '3.5'],
      [exact(2), number({ nullable: true }), '-3.50', -3.5],
      [exact(2), integer({ nullable: true }), '4.00', 4, '4.50'],
      [exact(3), exact(1), '4.500', '4.5', '4.550'],
      [exact(1), exact(3), '4.5', '4.500'],
    ];
    for (const [from, to, before, after, unfit] of cases) {
      const store = await open();
      await migrateTo(store, { rows: resource({ id, fields: { value: from } }) });
      const [, table] = tablesFor({ rows: resource({ id, fields: { value: from } }) });
      const [, changed] = tablesFor({ rows: resource({ id, fields: { value: to } }) });
      assert.ok(table && changed);
      await insert(store, table, [
        { value: before, _version: 1 },
        ...(unfit === undefined ? [] : [{ value: unfit, _version: 1 }]),
      ]);
      const next = { rows: resource({ id, fields: { value: to } }) };
      if (unfit !== undefined) {
        await assert.rejects(migrateTo(store, next, { apply: 'destructive' }), /in 1 row \(id 2\)/);
        continue;
      }
      await migrateTo(store, next, { apply: 'destructive' });
      assert.deepEqual(
        (await rowsOf(store, changed)).map(({ value }) => value),
        [after],
      );
    }
  });
});

test('a decimal says how many digits it has', () => {
  for (const options of [
    {},
    { digits: 5 },
    { digits: 39, scale: 1 },
    { digits: 2, scale: 3 },
    { digits: 2, scale: 1, default: '1.55' },
  ])
    assert.throws(
      () => app({ name: 'a', resources: { r: resource({ fields: { d: decimal(options as never) } }) } }),
      /^TypeError: a\.r\.d/,
    );
});
