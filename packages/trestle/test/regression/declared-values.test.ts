// What a declaration gives (defaults, seeds, what older rows get) is kept in the form in which a body's value is kept.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  anyone,
  app,
  date,
  integerId,
  json,
  list,
  object,
  oneOf,
  type Resource,
  reference,
  resource,
  text,
  timestamp,
} from 'trestle';
import { serveApp } from '../../src/testing.ts';
import { eachPlace } from '../stores.ts';

const can = { read: anyone, create: anyone, update: anyone };
const id = integerId();
const name = text({ max: 50 });

/** Defaults as nobody would keep them, and as a body would have them kept. */
const SPELT = {
  at: timestamp({ default: '1969-12-31T22:00:00-02:00', index: true }),
  leap: timestamp({ default: '2016-12-31t23:59:60z' }),
  word: text({ default: '  a ', trim: true, max: 20 }),
  tags: list(text({ trim: true }), { default: [' b '] }),
  times: list(timestamp(), { default: ['2026-01-01T00:00:00Z'] }),
  place: object(
    { city: text({ default: ' c', trim: true }), since: timestamp({ default: '2026-01-01T02:00:00+02:00' }) },
    { default: {} },
  ),
  any: json({ default: { a: [1] } }),
  day: date({ default: '2026-02-28' }),
};
const KEPT = {
  at: '1970-01-01T00:00:00.000Z',
  leap: '2017-01-01T00:00:00.000Z',
  word: 'a',
  tags: ['b'],
  times: ['2026-01-01T00:00:00.000Z'],
  place: { city: 'c', since: '2026-01-01T00:00:00.000Z' },
  any: { a: [1] },
  day: '2026-02-28',
};

function notes(fields: object): Resource {
  return resource({ id, fields: { name, ...fields }, can });
}

eachPlace('declared values', (place) => {
  test('are kept as those of a body, in new rows and in older ones', async (t) => {
    const where = await place();
    const before = await serveApp(app({ name: 'spelt', resources: { notes: notes({}) } }), where);
    await before.call('POST', '/v1/notes', { body: { name: 'older' } });
    await before.close();
    const served = await serveApp(app({ name: 'spelt', resources: { notes: notes(SPELT) } }), where);
    t.after(() => served.close());
    await served.call('POST', '/v1/notes', { body: { name: 'newer' } });
    await served.call('POST', '/v1/notes', { body: { name: 'given', at: '1970-01-01T00:00:00.001Z' } });
    for (const filter of ['filter[name]=older', 'filter[name]=newer', 'filter[at]=1970-01-01T00:00:00Z']) {
      const { body } = await served.call('GET', `/v1/notes?${filter}`);
      for (const row of itemsOf(body)) assert.partialDeepStrictEqual(row, KEPT, filter);
      assert.ok(itemsOf(body).length > 0, filter);
    }
    const { body } = await served.call('GET', '/v1/notes?sort=at,name');
    assert.deepEqual(
      itemsOf(body).map((row) => row.name),
      ['newer', 'older', 'given'],
    );
  });

  test('of rows that are always there are those of a body, and are put in once', async () => {
    const where = await place();
    const rows = [
      { word: ' one ', at: '2026-01-01T00:00:00Z', tags: [' x '] },
      { word: 'two', at: '2026-01-01T01:00:00+01:00', tags: [] },
      { word: 'three', at: '2026-01-01T00:00:00Z', tags: [' x '], other: 1 },
    ];
    const fields = {
      word: text({ trim: true, max: 5 }),
      at: timestamp(),
      tags: list(text({ trim: true })),
      other: reference('others', { nullable: true }),
    };
    const words = resource({ id, fields, can, rows });
    const others = resource({
      id,
      fields: { name: text({ max: 9, unique: true }) },
      can,
      rows: [{ name: 'a' }],
    });
    for (let start = 0; start < 2; start++) {
      const served = await serveApp(app({ name: 'seeded', resources: { words, others } }), where);
      const { body } = await served.call('GET', '/v1/words?sort=word');
      await served.close();
      assert.deepEqual(
        itemsOf(body).map(({ word, at, tags, other }) => [word, at, tags, other]),
        [
          ['one', '2026-01-01T00:00:00.000Z', ['x'], null],
          ['three', '2026-01-01T00:00:00.000Z', ['x'], 1],
          ['two', '2026-01-01T00:00:00.000Z', [], null],
        ],
      );
    }
  });

  test('of rows that are always there are refused at start where a body would be', async () => {
    const fields = {
      word: text({ max: 5 }),
      state: oneOf(['a', 'b'], { default: 'a' }),
      other: reference('words', { nullable: true }),
    };
    const wrong: readonly [object, RegExp][] = [
      [{ word: 'longer' }, /^words\.rows\[1\]: \/word: .*5 characters/],
      [{ word: 'w', state: 'c' }, /^words\.rows\[1\]: \/state: expected one of a, b/],
      [{ state: 'a' }, /^words\.rows\[1\]: \/word: .*required/],
      [{ word: 'w', wrd: 1 }, /^words\.rows\[1\]: .*wrd/],
      [{ word: 'w', id: 7 }, /^words\.rows\[1\]: .*id/],
      [{ word: 'w', other: 99 }, /^words\.rows\[1\]: /],
    ];
    for (const [row, message] of wrong) {
      const rows = [{ word: 'right' }, row as { word: string }];
      const declared = app({ name: 'seeded', resources: { words: resource({ id, fields, rows, can }) } });
      await assert.rejects(serveApp(declared, await place()), { message });
    }
  });
});

test('a default that is no value of its field is refused', () => {
  const wrong = {
    date: date({ default: '2026-02-30' }),
    member: object({ a: text({ max: 1 }) }, { default: { a: 'ab' } }),
    nothing: JSON.parse('{"n":null}') && text({ default: JSON.parse('null') }),
    trimmed: text({ default: '  ', trim: true, min: 1 }),
    nan: json({ default: Number.NaN }),
    missing: json({ default: JSON.parse('{}') && { a: undefined as unknown as null } }),
  };
  for (const [key, field] of Object.entries(wrong))
    assert.throws(() => app({ name: 'a', resources: { r: resource({ fields: { [key]: field } }) } }), {
      name: 'TypeError',
      message: new RegExp(`^a\\.r\\.${key}`),
    });
});

function itemsOf(body: unknown): Record<string, unknown>[] {
  return (body as { items: Record<string, unknown>[] }).items;
}
