import assert from 'node:assert/strict';
import { before, it } from 'node:test';
import { migrate } from '../../../src/database/migrations/migrate.ts';
import type { Store } from '../../../src/database/store.ts';
import { tablesOfApp } from '../../../src/engine.ts';
import { parseJsonText } from '../../../src/http/requests/bodies.ts';
import { type Format, readEntries } from '../../../src/rows/exchange/entries.ts';
import { exportRows } from '../../../src/rows/exchange/export-rows.ts';
import { type Imported, type ImportOptions, importRows } from '../../../src/rows/exchange/import-rows.ts';
import { compileModels, type Model } from '../../../src/rows/model.ts';
import { rowWriters } from '../../../src/rows/open-services.ts';
import { seedRows } from '../../../src/rows/seed-rows.ts';
import { eachStore, type Open } from '../../stores.ts';
import app from './storehouse.ts';

const THING = {
  id: 7,
  name: 'a "big", old\nthing',
  note: null,
  size: 1.5,
  good: false,
  due: '2026-11-21T07:48:39.120Z',
  tags: ['x', ''],
  shape: { w: 3, h: 2 },
  extra: { any: [1, null, 'ü😀'] },
  box: 5,
  reads: 12,
  by: null,
  made: '2020-01-02T03:04:05.006Z',
  changed: '2021-01-02T03:04:05.006Z',
};
const PLAIN = {
  ...THING,
  id: 9,
  name: '=1+1',
  note: '',
  size: null,
  good: true,
  due: null,
  tags: [],
  shape: null,
  extra: null,
  box: null,
};

/** Imports and exports of one store. */
class Exchange {
  readonly #store: Store;
  readonly #models: ReadonlyMap<string, Model>;

  constructor(store: Store) {
    this.#store = store;
    this.#models = compileModels(app.resources, app.accounts, store.dialect);
  }

  static async open(open: Open): Promise<Exchange> {
    const store = await open();
    await migrate(store, tablesOfApp(app));
    const exchange = new Exchange(store);
    await seedRows(rowWriters(exchange.#models, { store }), store);
    return exchange;
  }

  import(name: string, text: string, options: ImportOptions & { format?: Format } = {}): Promise<Imported> {
    const model = this.#model(name);
    const entries = () => readEntries(model, options.format ?? 'ndjson', [text], parseJsonText);
    return importRows(this.#store, model, entries, options);
  }

  /** Imports what must be valid, and answers how many rows. */
  async imported(name: string, text: string, options?: ImportOptions & { format?: Format }): Promise<number> {
    const { rows, refused } = await this.import(name, text, options);
    assert.deepEqual(refused, []);
    return rows;
  }

  /** The refused lines: `2: /name: may not be empty`. */
  async refused(
    name: string,
    text: string,
    options?: ImportOptions & { format?: Format },
  ): Promise<string[]> {
    const before = await this.export(name);
    const { refused, refusals, rows } = await this.import(name, text, options);
    assert.deepEqual([rows, refusals], [0, refused.length]);
    assert.equal(await this.export(name), before, 'nothing was written');
    return refused.flatMap(({ line, errors }) =>
      errors.map(({ pointer, message }) => `${line}: ${pointer ? `${pointer}: ` : ''}${message}`),
    );
  }

  async export(name: string, format: Format = 'ndjson'): Promise<string> {
    let text = '';
    for await (const part of exportRows(this.#store, this.#model(name), format)) text += part;
    return text;
  }

  #model(name: string): Model {
    return this.#models.get(name) ?? assert.fail(name);
  }
}

const KEEP = { keep: true } as const;
const CSV = { format: 'csv' } as const;

eachStore('export and import', (open) => {
  let x: Exchange;
  before(async () => {
    x = await Exchange.open(open);
  });

  it('takes rows as new ones: defaults filled in, what the server sets passed over', async () => {
    const { rows, ignored } = await x.import('boxes', '{"id":99,"name":"red"}\n\n{"name":"blue"}\n');
    assert.deepEqual([rows, ignored], [2, ['id']]);
    assert.equal(
      await x.export('boxes'),
      '{"id":1,"name":"red","within":null}\n{"id":2,"name":"blue","within":null}\n',
    );
    assert.equal(await x.imported('states', 'name\nclosed\n', CSV), 1);
    assert.equal(await x.imported('tasks', '{"title":"x","state":2}\n'), 1);
    assert.match(await x.export('tasks'), /^\{"id":"[0-9a-f-]{36}","title":"x","state":1\}\n$/);
  });

  it('names every line that is not valid, and imports nothing', async () => {
    const lines = [
      '{"name":"fine","box":1}',
      '{"name":"","size":"big"}',
      'not json',
      '{"name":"x","colour":"red"}',
      '{"name":"x","note":null}',
      '{"name":"far","box":77}',
      '{"name":"fine","box":1}',
      '[1]',
      '{"name":"x","name":"y"}',
      '{"name":"x","due":"tomorrow"}',
    ];
    assert.deepEqual(await x.refused('things', lines.join('\n')), [
      '2: /name: may not be empty',
      '2: /size: expected a number, got a string',
      '3: This is not valid JSON.',
      '4: /colour: there is no such field',
      '5: give at least one of note, size',
      '6: /box: there is no row of boxes with the id 77',
      '7: /box, name: line 1 has the same value',
      '8: expected a JSON object',
      '9: This names "name" twice in one object.',
      '10: /due: must match date-time',
    ]);
    assert.deepEqual(await x.refused('boxes', 'name\nnew\nred\n', CSV), [
      '3: /name: another row has this value already',
    ]);
    assert.equal(await x.imported('things', '{"name":"fine","box":1}'), 1);
    assert.deepEqual(await x.refused('things', '{"name":"fine","box":1}'), [
      '1: /box, name: another row has this value already',
    ]);
  });

  it('names the lines of a CSV at which a record begins, and what is wrong with it', async () => {
    const text =
      'name,size,good,tags,box\r\n"two\nlines",1,true,"[""a""]",\r\nx,1e1,yes,[,2\r\ny,1\r\nz"z,1,,,\r\n';
    assert.deepEqual(await x.refused('things', text, CSV), [
      '4: /tags: This is not valid JSON.',
      '5: expected 5 cells, got 2',
      '6: a quote inside a cell that does not begin with one; put the cell in quotes and double it',
    ]);
  });

  it('keeps nothing that is taken, or whose account or row is not there', async () => {
    const rows = [
      '{"id":1,"name":"a"}',
      '{"id":50,"name":"b"}',
      '{"id":50,"name":"c"}',
      '{"id":0,"name":"d"}',
    ];
    assert.deepEqual(await x.refused('boxes', rows.join('\n'), KEEP), [
      '1: /id: another row has this value already',
      '3: /id: line 2 has the same value',
      '4: /id: expected 1 or more, got 0',
    ]);
    assert.deepEqual(await x.refused('things', '{"name":"x","reads":-1}\n{"name":"y","by":7}', KEEP), [
      '1: /reads: expected 0 or more, got -1',
      '2: /by: there is no account with the id 7',
    ]);
  });

  it('keeps every value of every field through CSV and NDJSON', async () => {
    const [one, other] = [await Exchange.open(open), await Exchange.open(open)];
    const rows = [THING, PLAIN].map((row) => `${JSON.stringify(row)}\n`).join('');
    // A row may refer to one before it in the file.
    const boxes = '{"id":5,"name":"green","within":null}\n{"id":6,"name":"small","within":5}\n';
    for (const each of [one, other]) assert.equal(await each.imported('boxes', boxes, KEEP), 2);
    assert.equal(await one.imported('things', rows, KEEP), 2);
    assert.equal(await other.imported('things', await one.export('things', 'csv'), { ...KEEP, ...CSV }), 2);
    assert.equal(await other.export('things'), rows);
    assert.equal(await other.imported('things', 'name,note\nnext,x\n', CSV), 1);
    assert.match(
      await other.export('things'),
      /^\{"id":10,"name":"next","note":"x","size":null,"good":true/m,
    );
  });

  it('gives rows without an id the next ones, beside rows that keep theirs', async () => {
    const one = await Exchange.open(open);
    assert.equal(
      await one.imported('boxes', '{"id":7,"name":"a"}\n{"name":"b"}\n{"id":3,"name":"c"}\n', KEEP),
      3,
    );
    assert.deepEqual((await one.export('boxes')).match(/(?<="id":)\d+/g), ['3', '7', '8']);
  });

  it('takes many rows, in one transaction', async () => {
    const one = await Exchange.open(open);
    const rows = Array.from({ length: 2500 }, (_, at) => `box ${at}`);
    assert.deepEqual(await one.refused('boxes', ['name', ...rows, 'box 0'].join('\n'), CSV), [
      '2502: /name: line 2 has the same value',
    ]);
    assert.equal(await one.imported('boxes', ['name', ...rows].join('\n'), CSV), 2500);
    assert.equal((await one.export('boxes')).split('\n').length, 2501);
  });

  it('only checks, where only that is asked for', async () => {
    assert.equal(await x.imported('boxes', '{"name":"more"}', { checkOnly: true }), 1);
    assert.doesNotMatch(await x.export('boxes'), /more/);
  });
});
