// `search` and `icontains` find a text in any case of its letters, beyond ASCII too, and the same on both databases.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anyone, app, integerId, resource, text } from 'trestle';
import { serveApp } from 'trestle/testing';
import { eachPlace } from '../stores.ts';

const titles = app({
  name: 'titles',
  resources: {
    titles: resource({
      id: integerId(),
      fields: { title: text({ search: true }), other: text({ nullable: true, search: true }) },
      can: { read: anyone, create: anyone },
    }),
  },
});

const CORPUS = [
  'Проект 1',
  'ПРОЕКТ 2',
  'проект',
  'ΟΔΟΣ',
  'οδος',
  'Straße',
  'STRASSE ẞ',
  'İstanbul',
  'istanbul',
  '\u212Aelvin',
  'KELVIN',
  'ÅNGSTRÖM',
  'ångström',
  'ǅ',
  '𐐀𐐁',
  '日本語 (テスト)',
  '100% [a-z]* \\d ö?',
  '*** (?i)Ö',
  "Д'Артаньян; drop",
];

/** Search terms, and the first words of all matches. */
const FOUND: readonly [string, readonly string[]][] = [
  ['проект', ['Проект 1', 'ПРОЕКТ 2', 'проект']],
  ['РОЕК', ['Проект 1', 'ПРОЕКТ 2', 'проект']],
  ['проект 2', ['ПРОЕКТ 2']],
  ['Οδός', []],
  ['οδοσ', ['ΟΔΟΣ', 'οδος']],
  ['ΔΟΣ', ['ΟΔΟΣ', 'οδος']],
  ['straße', ['Straße']],
  ['SSE ß', ['STRASSE ẞ']],
  ['ISTANBUL', ['istanbul']],
  ['kelvin', ['KELVIN']],
  ['ÅNGSTRÖM', ['ÅNGSTRÖM', 'ångström']],
  ['ångström', ['ÅNGSTRÖM', 'ångström']],
  ['ǆ', ['ǅ']],
  ['𐐨𐐩', ['𐐀𐐁']],
  ['本語 (テ', ['日本語 (テスト)']],
  ['Z]* \\D Ö?', ['100% [a-z]* \\d ö?']],
  ['*** (?I)ö', ['*** (?i)Ö']],
  ['ö.', []],
  ["д'АРТАНЬЯН; DROP", ["Д'Артаньян; drop"]],
  ['ж'.repeat(190), []],
];

eachPlace('letters beyond ASCII', (place) => {
  test('are found in any case', async (t) => {
    const served = await serveApp(titles, await place());
    t.after(() => served.close());
    for (const title of CORPUS)
      assert.equal((await served.call('POST', '/v1/titles', { body: { title } })).status, 201);
    const found = async (query: string) => {
      const { status, body } = await served.call('GET', `/v1/titles?sort=id&${query}`);
      assert.equal(status, 200, query);
      return (body as { items: { title: string }[] }).items.map(({ title }) => title);
    };
    for (const [wanted, expected] of FOUND) {
      const value = encodeURIComponent(wanted);
      assert.deepEqual(await found(`search=${value}`), expected, `search ${wanted}`);
      assert.deepEqual(await found(`filter[title][icontains]=${value}`), expected, `icontains ${wanted}`);
    }
  });

  test('may be two thousand in one condition', async (t) => {
    const served = await serveApp(titles, await place());
    t.after(() => served.close());
    const { services } = served.engine;
    const caller = { kind: 'anonymous' } as const;
    const long = 'Жук€'.repeat(500);
    await services.titles.create({ caller }, { title: `a ${long.toLowerCase()} z` });
    const filter = { title: { icontains: long.toUpperCase() } };
    assert.equal((await services.titles.list({ caller }, { filter })).items.length, 1);
  });
});
