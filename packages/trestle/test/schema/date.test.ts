import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anyone, app, date, integerId, resource, text } from 'trestle';
import { serveApp } from 'trestle/testing';
import { migrate } from '../../src/database/migrations/migrate.ts';
import { tablesOfApp } from '../../src/engine.ts';
import { parseJsonText } from '../../src/http/requests/bodies.ts';
import { type Format, readEntries } from '../../src/rows/exchange/entries.ts';
import { exportRows } from '../../src/rows/exchange/export-rows.ts';
import { importRows } from '../../src/rows/exchange/import-rows.ts';
import { compileModels } from '../../src/rows/model.ts';
import { openServices } from '../../src/rows/open-services.ts';
import { eachPlace, eachStore } from '../stores.ts';

const can = { read: anyone, create: anyone, update: anyone };
const withDates = resource({
  id: integerId(),
  fields: { due: date({ index: true }), returned: date({ nullable: true }) },
  order: '-due',
  can,
});
const withTexts = resource({
  id: integerId(),
  fields: { due: text({ max: 20 }), returned: text({ nullable: true }) },
  can,
});
const library = (loans: typeof withDates | typeof withTexts) =>
  app({ name: 'library', resources: { loans } });
const loans = library(withDates);

const TAKEN = ['2026-11-21', '2024-02-29', '0001-01-01', '9999-12-31'];
const REFUSED = [
  '2026-02-29',
  '2026-13-01',
  '0000-01-01',
  '10000-01-01',
  '2026-1-1',
  '2026-11-21T00:00:00Z',
  '',
  20261121,
];

eachPlace('a date', (place) => {
  test('is answered as it was sent, and is a date of the calendar', async (t) => {
    const served = await serveApp(loans, await place());
    t.after(() => served.close());
    for (const due of TAKEN) {
      const created = await served.call('POST', '/v1/loans', { body: { due } });
      assert.partialDeepStrictEqual(created.body, { due, returned: null });
    }
    for (const due of REFUSED) {
      const { status } = await served.call('POST', '/v1/loans', { body: { due } });
      assert.equal(status, 422, String(due));
    }
    const patched = await served.call('PATCH', '/v1/loans/1', { body: { returned: '2026-12-01' } });
    assert.partialDeepStrictEqual(patched.body, { due: '2026-11-21', returned: '2026-12-01' });
  });

  test('is filtered and sorted in the order of time', async (t) => {
    const served = await serveApp(loans, await place());
    t.after(() => served.close());
    for (const due of TAKEN) await served.call('POST', '/v1/loans', { body: { due } });
    const ids = async (query: string) => {
      const { body } = await served.call('GET', `/v1/loans?${query}`);
      return (body as { items: { id: number }[] }).items.map(({ id }) => id);
    };
    assert.deepEqual(await ids(''), [4, 1, 2, 3]);
    assert.deepEqual(await ids('sort=due'), [3, 2, 1, 4]);
    assert.deepEqual(await ids('filter[due]=2024-02-29'), [2]);
    assert.deepEqual(await ids('filter[due][gte]=2024-03-01'), [4, 1]);
    assert.deepEqual(await ids('filter[due][between]=2024-01-01,2026-12-31'), [1, 2]);
    assert.deepEqual(await ids('filter[due][in]=2024-02-29,9999-12-31'), [4, 2]);
    assert.deepEqual(await ids('filter[returned]=null&filter[due][lt]=1000-01-01'), [3]);
    for (const filter of ['filter[due]=2026-02-30', 'filter[due][contains]=2026', 'filter[due][gt]=today'])
      assert.equal((await served.call('GET', `/v1/loans?${filter}`)).status, 400, filter);
  });

  test('has the format date in the OpenAPI document', async (t) => {
    const served = await serveApp(loans, await place());
    t.after(() => served.close());
    const { body } = await served.call('GET', '/openapi.json');
    assert.match(JSON.stringify(body), /"due":\{"type":"string","format":"date"/);
  });
});

eachStore('a date', (open) => {
  for (const format of ['csv', 'ndjson'] as const satisfies Format[])
    test(`is exported as ${format} and imported again`, async () => {
      const store = await open();
      await migrate(store, tablesOfApp(loans));
      const model = compileModels(loans.resources, loans.accounts, store.dialect).get('loans');
      assert(model);
      const exported = async () => (await Array.fromAsync(exportRows(store, model, format))).join('');
      const rows =
        format === 'csv' ? 'due,returned\r\n2026-11-21,\r\n' : '{"due":"2026-11-21","returned":null}\n';
      const entries = (content: string) => () => readEntries(model, format, [content], parseJsonText);
      assert.equal((await importRows(store, model, entries(rows))).rows, 1);
      const first = await exported();
      assert.match(first, /2026-11-21/);
      const refused = await importRows(store, model, entries(rows.replaceAll('11-21', '11-31')));
      assert.equal(refused.refused[0]?.errors[0]?.pointer, '/due');
      assert.equal(await exported(), first);
    });

  test('becomes a text and a date again in migrations', async () => {
    const store = await open();
    const rows = async (declared: typeof loans | ReturnType<typeof library>) => {
      await migrate(store, tablesOfApp(declared), { back: true });
      const { resources, accounts } = declared;
      const { byName } = openServices({ resources, accounts, store, cursorKey: Buffer.alloc(32) });
      const service = byName.get('loans');
      assert(service);
      const caller = { kind: 'anonymous' } as const;
      await service.create({ caller }, { due: '2024-02-29' });
      return (await service.list({ caller }, { sort: ['due', 'id'] })).items.map(({ due }) => due);
    };
    assert.deepEqual(await rows(library(withTexts)), ['2024-02-29']);
    assert.deepEqual(await rows(loans), ['2024-02-29', '2024-02-29']);
    assert.deepEqual(await rows(library(withTexts)), ['2024-02-29', '2024-02-29', '2024-02-29']);
  });
});
