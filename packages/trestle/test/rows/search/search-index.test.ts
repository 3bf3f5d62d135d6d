import assert from 'node:assert/strict';
import { it, test } from 'node:test';
import { administrator, anyone, app, integer, integerId, reference, resource, text, uuidId } from 'trestle';
import { serveApp } from 'trestle/testing';
import { migrate } from '../../../src/database/migrations/migrate.ts';
import { openStore } from '../../../src/database/open-store.ts';
import { transfer } from '../../../src/database/transfer/transfer.ts';
import { openEngine, renamesOfApp, tablesOfApp } from '../../../src/engine.ts';
import { importRows } from '../../../src/rows/exchange/import-rows.ts';
import type { App } from '../../../src/schema/app.ts';
import { fill, recorded, scanned } from '../../plans.ts';
import { eachPlace, type Place } from '../../stores.ts';

const everybody = { read: anyone, create: anyone, update: anyone, delete: anyone };
const open = { caller: { kind: 'administrator' } } as const;

function notes(options: object, fields: object = {}, id: object = uuidId()) {
  const shelves = resource({ id: integerId(), fields: { name: text() }, can: everybody });
  const declared = {
    id,
    fields: {
      title: text(),
      body: text({ default: '' }),
      shelf: reference('shelves', { onDelete: 'cascade', nullable: true }),
      ...fields,
    },
    can: everybody,
    ...options,
  };
  return app({ name: 'notes', resources: { shelves, notes: resource(declared as never) } });
}

async function found(declared: App, place: Place, words: string, more: object = {}): Promise<string[]> {
  const engine = await openEngine(declared, { ...place, roles: [], ...more });
  try {
    const page = await engine.byName.get('notes')?.list(open, { search: words, limit: 100 });
    return (page?.items ?? []).map((row) => String(row.title ?? row.name)).sort();
  } finally {
    await engine.close();
  }
}

eachPlace('the index of a full-text search', (place) => {
  it('is built of the rows that there are, and told of', async (t) => {
    const at = await place();
    const before = await openEngine(notes({}), { ...at, roles: [] });
    for (let row = 0; row < 1_200; row++)
      await before.byName.get('notes')?.create(open, { title: `note ${row}`, body: `n${row % 10} same` });
    await before.close();
    const searched = notes({ search: ['title'] });
    const events: unknown[] = [];
    const told = (event: { event: string }) => void events.push(event);
    const log = () => ({ events: new Map(), event: told, failed() {} });
    assert.equal((await found(searched, at, 'note', { log })).length, 100);
    assert.deepEqual(
      events.map((event) => (event as { done: number }).done),
      [500, 1000, 1200],
    );
    events.length = 0;
    assert.deepEqual(await found(searched, at, '"note 7"', { log }), ['note 7']);
    assert.deepEqual(events, [], 'it is built once');
    assert.deepEqual(await found(searched, at, 'n7'), []);

    await t.test('anew where other fields are declared, or none for a while', async () => {
      assert.equal((await found(notes({ search: { title: 2, body: 1 } }), at, 'n7 same')).length, 100);
      const without = await openEngine(notes({}), { ...at, roles: [] });
      await without.byName.get('notes')?.create(open, { title: 'meanwhile' });
      await without.close();
      assert.deepEqual(await found(searched, at, 'meanwhile'), ['meanwhile']);
    });
    await t.test('anew where a migration changes its rows', async () => {
      const renamed = app({
        name: 'notes',
        resources: {
          notes: resource({
            fields: { name: text({ was: 'title' }), body: text({ default: '' }) },
            search: ['name'],
            can: everybody,
          }),
        },
      });
      const store = await openStore({ name: 'notes', ...at });
      await migrate(store, tablesOfApp(renamed), { renames: renamesOfApp(renamed), apply: 'destructive' });
      await store.close();
      assert.deepEqual(await found(renamed, at, 'meanwhile'), ['meanwhile']);
    });
  });

  it('follows imports, cascades and copies', async (t) => {
    for (const id of [uuidId(), integerId()]) {
      const at = await place();
      const declared = notes({ search: ['title'] }, { rank: integer({ default: 0 }) }, id);
      const engine = await openEngine(declared, { ...at, roles: [] });
      t.after(() => engine.close());
      const model = engine.models.get('notes') ?? assert.fail();
      const shelf = await engine.byName.get('shelves')?.create(open, { name: 'a' });
      const entries = ['red fox', 'red hen', 'grey fox'].map((title, line) => ({
        line,
        errors: [],
        values: { title, shelf: title === 'red hen' ? shelf?.id : null },
      }));
      const imported = await importRows(engine.store, model, () => entries as never);
      assert.equal(imported.rows, 3);
      const titles = async (words: string) =>
        (await engine.byName.get('notes')?.list(open, { search: words }))?.items
          .map(({ title }) => title)
          .sort();
      assert.deepEqual(await titles('red'), ['red fox', 'red hen']);
      await engine.byName.get('shelves')?.remove(open, shelf?.id ?? 0);
      assert.deepEqual(await titles('red'), ['red fox']);

      const target = await place();
      const store = await openStore({ name: 'notes', ...target });
      await migrate(store, tablesOfApp(declared), { renames: renamesOfApp(declared) });
      await transfer(engine.store, store, tablesOfApp(declared));
      await store.close();
      assert.deepEqual(await found(declared, target, 'fox'), ['grey fox', 'red fox']);
    }
  });

  it('finds rare words among 100,000 rows without reading them all', async (t) => {
    const declared = notes({ search: { title: 2, body: 1 } }, {}, integerId());
    const at = await place();
    const store = await openStore({ name: 'notes', ...at });
    await migrate(store, tablesOfApp(declared));
    await fill(store, 100_000, 'notes', { title: "'t' || i", body: "'common w' || (i / 10)" });
    await store.close();
    const engine = await openEngine(declared, { ...at, roles: [] });
    t.after(() => engine.close());
    const { run, store: recording } = recorded(engine.store);
    const { openServices } = await import('../../../src/rows/open-services.ts');
    const services = openServices({ ...declared, store: recording, cursorKey: Buffer.alloc(32) }).byName;
    for (const search of ['t77', 'w123 common', '"common w123"', 'w123*']) {
      for (const more of [
        {},
        { sort: ['-id'] },
        { count: 'exact' },
        { filter: { title: { starts: 't' } } },
      ] as const) {
        run.length = 0;
        const page = await services.get('notes')?.list(open, { search, limit: 5, ...more });
        assert.ok(page?.items.length, search);
        for (const each of run)
          assert.deepEqual(
            await scanned(engine.store, each),
            [],
            `${search} ${JSON.stringify(more)}: ${each.query.sql}`,
          );
      }
    }
  });
});

test('a wrong declaration is refused with its path', () => {
  const cases: readonly [object, RegExp][] = [
    [{ search: ['titel'] }, /notes\.notes\.search: there is no field 'titel'.*did you mean 'title'/],
    [{ search: [] }, /notes\.notes\.search: name 1 to 16 fields/],
    [{ search: ['shelf'] }, /notes\.notes\.search: shelf is no text/],
    [{ search: { title: 0 } }, /notes\.notes\.search\.title: expected a weight/],
    [{ search: 'title' }, /notes\.notes\.search: expected an array of field names/],
  ];
  for (const [options, message] of cases) assert.throws(() => notes(options), message);
  assert.throws(
    () => notes({ search: ['body'] }, { title: text({ search: true }) }),
    /notes\.notes\.title: search: true is for resources without search/,
  );
});

test('a caller who may read none of its fields finds no search', async (t) => {
  const hidden = app({
    name: 'hidden',
    resources: {
      notes: resource({
        fields: { title: text(), secret: text({ can: { read: administrator } }) },
        search: ['secret'],
        can: everybody,
      }),
    },
  });
  const served = await serveApp(hidden);
  t.after(() => served.close());
  const { status } = await served.call('GET', '/v1/notes?search=x');
  assert.equal(status, 400);
  const document = await served.call('GET', '/openapi.json');
  assert.ok(!JSON.stringify(document.body).includes('"name":"search"'));
});
