// A number that is answered can be sent back, and one that is exported imported; one that a double would change is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anyone, app, integer, integerId, json, list, number, object, resource } from 'trestle';
import { serveApp } from 'trestle/testing';
import { migrate } from '../../src/database/migrations/migrate.ts';
import { tablesOfApp } from '../../src/engine.ts';
import { parseJsonText } from '../../src/http/requests/bodies.ts';
import { readEntries } from '../../src/rows/exchange/entries.ts';
import { exportRows } from '../../src/rows/exchange/export-rows.ts';
import { importRows } from '../../src/rows/exchange/import-rows.ts';
import { compileModels } from '../../src/rows/model.ts';
import { eachPlace, eachStore } from '../stores.ts';

const measured = app({
  name: 'measured',
  resources: {
    measures: resource({
      id: integerId(),
      fields: {
        x: number({ nullable: true }),
        any: json({ nullable: true }),
        all: list(number(), { default: [] }),
        in: object({ x: number({ nullable: true }) }, { nullable: true }),
        whole: integer({ nullable: true }),
      },
      can: { read: anyone, create: anyone, update: anyone },
    }),
  },
});

const KEPT = [
  '1e20',
  '100000000000000000000',
  '123456789012345680000',
  '-1.5e20',
  '9007199254740992',
  '1e308',
  '1e21',
  '1e-300',
  '5e-324',
  '0.1',
  '-0',
  '0e99',
];
const CHANGED = [
  '9007199254740993',
  '-9007199254740993',
  '9007199254740993.0',
  '9007199254740993e0',
  '900719925474099.3e1',
  '100000000000000000001',
  '1e999',
  '-1e999',
  '1e-999',
];
const bodiesOf = (literal: string) => [
  `{"x":${literal}}`,
  `{"any":${literal}}`,
  `{"any":{"a":[${literal}]}}`,
  `{"all":[${literal}]}`,
  `{"in":{"x":${literal}}}`,
];
const headers = { 'content-type': 'application/json' };

eachPlace('a number', (place) => {
  test('is answered so that it can be sent back', async (t) => {
    const served = await serveApp(measured, await place());
    t.after(() => served.close());
    for (const literal of KEPT)
      for (const body of bodiesOf(literal)) {
        const created = await served.call('POST', '/v1/measures', { body, headers });
        assert.equal(created.status, 201, body);
        assert.partialDeepStrictEqual(
          created.body,
          JSON.parse(body.replaceAll('-0}', '0}').replaceAll('-0]', '0]')),
        );
        const { id, whole, ...answered } = created.body as { id: number; whole: null };
        const again = await served.call('PUT', `/v1/measures/${id}`, { body: answered });
        assert.deepEqual([again.status, again.body], [200, created.body], body);
      }
  });

  test('that a double would change is refused wherever it stands', async (t) => {
    const served = await serveApp(measured, await place());
    t.after(() => served.close());
    for (const literal of CHANGED)
      for (const body of [...bodiesOf(literal), `{"whole":${literal}}`])
        assert.equal((await served.call('POST', '/v1/measures', { body, headers })).status, 400, body);
    for (const literal of ['1e20', '9007199254740992'])
      assert.equal(
        (await served.call('POST', '/v1/measures', { body: `{"whole":${literal}}`, headers })).status,
        422,
      );
    const { status } = await served.call('GET', '/v1/measures?filter[x]=9007199254740993');
    assert.equal(status, 400);
  });
});

eachStore('a number', (open) => {
  for (const format of ['csv', 'ndjson'] as const)
    test(`is exported as ${format} and imported again`, async () => {
      const store = await open();
      await migrate(store, tablesOfApp(measured));
      const model = compileModels(measured.resources, measured.accounts, store.dialect).get('measures');
      assert(model);
      const rows = KEPT.flatMap(bodiesOf).join('\n');
      const load = (content: string, kind: 'csv' | 'ndjson') =>
        importRows(store, model, () => readEntries(model, kind, [content], parseJsonText));
      assert.deepEqual((await load(rows, 'ndjson')).refused, []);
      const exported = async () => (await Array.fromAsync(exportRows(store, model, format))).join('');
      const content = await exported();
      assert.deepEqual((await load(content, format)).refused, []);
      const [header, ...lines] = content.trimEnd().split('\n');
      const withoutIds = (all: string[]) => all.map((line) => line.replace(/^(\{"id":)?\d+/, ''));
      const both = (await exported()).trimEnd().split('\n');
      const first = format === 'csv' ? lines : [header ?? '', ...lines];
      assert.deepEqual(withoutIds(both.slice(-first.length)), withoutIds(first));
    });

  test('that a double would change is refused in a CSV cell', async () => {
    const store = await open();
    await migrate(store, tablesOfApp(measured));
    const model = compileModels(measured.resources, measured.accounts, store.dialect).get('measures');
    assert(model);
    const content = `x,whole,any\r\n9007199254740993,,\r\n,9007199254740993,\r\n,,9007199254740993\r\n,,1e999\r\n`;
    const { refusals } = await importRows(store, model, () =>
      readEntries(model, 'csv', [content], parseJsonText),
    );
    assert.equal(refusals, 4);
  });
});
