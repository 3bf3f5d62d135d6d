import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { appFolder, type Ended, run, temporaryFolder } from '../cli/process.ts';
import { eachPlace, type Place } from '../stores.ts';

const ENGINE = JSON.stringify(join(import.meta.dirname, '../../src/index.ts'));

/** Every kind of field, what the server sets, and a reference. */
const APP = appFolder(`
import { anyone, app, author, boolean, counter, createdAt, integerId, json, list, number, object, reference, resource, text,
  timestamp, updatedAt, uuidId } from ${ENGINE};
const can = { read: anyone, create: anyone, update: anyone, delete: anyone };
const boxes = resource({ id: integerId(), fields: { name: text({ min: 1, unique: true }) }, can });
const things = resource({
  id: integerId(),
  fields: {
    name: text({ min: 1, max: 20 }),
    note: text({ nullable: true, default: 'none' }),
    size: number({ nullable: true }),
    good: boolean({ default: true }),
    due: timestamp({ nullable: true }),
    tags: list(text(), { default: [] }),
    shape: object({ w: number(), h: number({ default: 1 }) }, { nullable: true }),
    extra: json({ nullable: true }),
    box: reference('boxes', { nullable: true, onDelete: 'cascade' }),
    reads: counter(),
    by: author(),
    made: createdAt(),
    changed: updatedAt(),
  },
  unique: [['box', 'name']],
  atLeastOne: ['note', 'size'],
  can,
});
const marks = resource({ id: uuidId(), fields: { mark: text() }, can });
export default app({ name: 'store', resources: { boxes, things, marks } });
`);

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

/** The command line on one place, with files of this text. */
class Exchange {
  readonly #at: Place;
  readonly folder = temporaryFolder();

  constructor(at: Place) {
    this.#at = at;
  }

  file(name: string, text: string | Buffer): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  trestle(...words: string[]): Promise<Ended> {
    const { data, database } = this.#at;
    return run([...words, '--app', APP, '--data', data, ...(database ? ['--database', database] : [])]);
  }

  /** What it said where all went well. */
  async done(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.trestle(...words);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  /** The lines of an import that refused rows. */
  async refused(...words: string[]): Promise<string[]> {
    const { code, stderr, stdout } = await this.trestle('import', ...words);
    assert.deepEqual([code, stdout], [2, '']);
    const lines = stderr.trimEnd().split('\n');
    return lines.map((line) => line.replace(`${this.folder}/`, ''));
  }
}

eachPlace('export and import', (place) => {
  let x: Exchange;
  before(async () => {
    x = new Exchange(await place());
  });

  it('takes rows as new ones: defaults filled in, what the server sets passed over', async () => {
    const boxes = x.file('boxes.ndjson', '{"id":99,"name":"red"}\n\n{"name":"blue"}\n');
    const { code, stdout, stderr } = await x.trestle('import', 'boxes', boxes);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, 'boxes: 2 rows imported; set by the server, not by the file (see --keep): id\n');
    assert.equal(await x.done('export', 'boxes'), '{"id":1,"name":"red"}\n{"id":2,"name":"blue"}\n');
    const marks = await x.trestle('import', 'marks', x.file('marks.csv', 'mark\r\nx\r\n'));
    assert.equal(marks.code, 0, marks.stderr);
    assert.match(await x.done('export', 'marks'), /^\{"id":"[0-9a-f-]{36}","mark":"x"\}\n$/);
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
    assert.deepEqual(await x.refused('things', x.file('things.ndjson', lines.join('\n'))), [
      'things.ndjson:2: /name: may not be empty',
      'things.ndjson:2: /size: expected a number, got a text',
      'things.ndjson:3: This is not valid JSON.',
      'things.ndjson:4: /colour: there is no such field',
      'things.ndjson:5: give at least one of note, size',
      'things.ndjson:6: /box: there is no row of boxes with the id 77',
      'things.ndjson:7: /box, name: line 1 has the same value',
      'things.ndjson:8: expected a JSON object',
      'things.ndjson:9: This names "name" twice in one object.',
      'things.ndjson:10: /due: does not have the form that is expected here (date-time)',
      'trestle: 9 rows not valid; nothing was imported',
    ]);
    assert.equal(await x.done('export', 'things'), '');
    const taken = x.file('boxes.csv', 'name\nnew\nred\n');
    assert.deepEqual(await x.refused('boxes', taken), [
      'boxes.csv:3: /name: another row has this value already',
      'trestle: 1 row not valid; nothing was imported',
    ]);
  });

  it('keeps every value of every field through CSV and NDJSON, with --keep', async () => {
    const [one, other] = [new Exchange(await place()), new Exchange(await place())];
    const rows = [THING, PLAIN].map((row) => `${JSON.stringify(row)}\n`).join('');
    for (const each of [one, other])
      await each.done('import', 'boxes', each.file('boxes.ndjson', '{"id":5,"name":"green"}\n'), '--keep');
    await one.done('import', 'things', one.file('first.ndjson', rows), '--keep');
    const csv = join(one.folder, 'things.csv');
    await one.done('export', 'things', '--to', csv);
    await other.done('import', 'things', csv, '--keep');
    assert.equal(await other.done('export', 'things'), rows);
    await other.done('import', 'things', other.file('next.csv', '\ufeffname,note\nnext,x\n'));
    assert.match(
      await other.done('export', 'things'),
      /^\{"id":10,"name":"next","note":"x","size":null,"good":true/m,
    );
  });
});

describe('import', () => {
  const x = new Exchange({ data: temporaryFolder() });

  it('names the lines of a CSV at which a record begins, and what is wrong with it', async () => {
    const text =
      'name,size,good,tags,box\r\n"two\nlines",1,true,"[""a""]",\r\nx,1e1,yes,[,2\r\ny,1\r\nz"z,1,,,\r\n';
    assert.deepEqual(await x.refused('things', x.file('things.csv', text)), [
      'things.csv:4: /tags: This is not valid JSON.',
      'things.csv:5: expected 5 cells, got 2',
      'things.csv:6: a quote inside a cell that does not begin with one; put the cell in quotes and double it',
      'trestle: 3 rows not valid; nothing was imported',
    ]);
    const header = await x.trestle('import', 'things', x.file('header.csv', 'name,colour\na,b\n'));
    assert.equal(header.code, 1);
    assert.match(
      header.stderr,
      /header\.csv: line 1: 'colour' is no field of things; expected names out of id, name, note/,
    );
    const latin = x.file('latin.csv', Buffer.from('name\ncaf\xe9\n', 'latin1'));
    assert.match(
      (await x.trestle('import', 'boxes', latin)).stderr,
      /latin\.csv: It is not UTF-8\. Nothing was imported/,
    );
  });

  it('stops showing after a hundred lines, and counts on', async () => {
    const lines = await x.refused('boxes', x.file('many.csv', `name\n${'""\n'.repeat(250)}`));
    assert.equal(lines.length, 102);
    assert.equal(lines[0], 'many.csv:2: /name: may not be empty');
    assert.equal(lines[100], '… and 150 rows more');
    assert.equal(lines[101], 'trestle: 250 rows not valid; nothing was imported');
  });

  it('only checks, where only that is asked for', async () => {
    const { code, stdout } = await x.trestle(
      'import',
      'boxes',
      x.file('more.csv', 'name\nmore\n'),
      '--check',
    );
    assert.deepEqual([code, stdout], [0, 'boxes: 1 row valid; nothing was imported\n']);
    assert.equal(await x.done('export', 'boxes', '--format', 'csv'), 'id,name\r\n');
  });

  it('says what is missing', async () => {
    const resource = await x.trestle('export', 'thing');
    assert.deepEqual(
      [resource.code, resource.stderr],
      [1, "trestle: there is no resource 'thing'; there are boxes, things, marks\n"],
    );
    const gone = await x.trestle('import', 'boxes', join(x.folder, 'gone.csv'));
    assert.match(gone.stderr, /gone\.csv cannot be read: ENOENT/);
  });
});
