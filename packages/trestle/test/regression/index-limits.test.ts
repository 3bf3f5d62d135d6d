// What may be in an index fits into one of PostgreSQL, which takes 2,704 bytes: the declaration says so, not a 500.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anyone, app, boolean, integerId, json, list, object, reference, resource, text } from 'trestle';
import { serveApp } from '../../src/testing.ts';
import { eachPlace } from '../stores.ts';

const can = { read: anyone, create: anyone, update: anyone };
const id = integerId();
const declare = (options: object) =>
  app({ name: 'a', resources: { r: resource({ id, fields: { x: boolean() }, can, ...options } as never) } });

test('an index that PostgreSQL could not hold is refused, and so is one on JSON', () => {
  const wrong: readonly [object, RegExp][] = [
    [
      { fields: { t: text({ max: 1000, unique: true }) } },
      /^a\.r\.t: an index holds at most 666 characters of t/,
    ],
    [{ fields: { t: text({ max: 667, index: true }) } }, /^a\.r\.t: /],
    [{ fields: { t: text({ min: 700, index: true }) } }, /^a\.r\.t: /],
    [{ fields: { t: text({ max: 2000 }) }, order: '-t' }, /^a\.r\.order: .*t \(max: 2000\)/],
    [{ fields: { t: text(), u: text(), v: text() }, unique: [['t', 'u', 'v']] }, /^a\.r\.unique: .*together/],
    [{ fields: { t: text({ max: 600 }), u: text({ max: 100 }) }, indexes: [['t', 'u']] }, /^a\.r\.indexes: /],
    [
      { fields: { o: reference('r', { nullable: true }), t: text({ max: 700 }) }, order: 't' },
      /^a\.r\.o|^a\.r\.order/,
    ],
    [{ fields: { j: json({ unique: true }) } }, /^a\.r\.j: json\(\) values are not compared/],
    [{ fields: { l: list(text(), { index: true }) } }, /^a\.r\.l: list\(\)/],
    [{ fields: { o: object({ a: text() }, { unique: true }) } }, /^a\.r\.o: object\(\)/],
    [{ fields: { t: text(), l: list(text()) }, unique: [['t', 'l']] }, /^a\.r\.unique: list\(\)/],
    [{ fields: { l: json() }, order: 'l' }, /^a\.r\.order: json\(\)/],
    [{ fields: { l: json() }, indexes: [['l']] }, /^a\.r\.indexes: json\(\)/],
  ];
  for (const [options, message] of wrong) assert.throws(() => declare(options), { message });
});

/** The longest values of every kind of index, of characters of four bytes that no compression makes less. */
const fits = app({
  name: 'fits',
  resources: {
    notes: resource({
      id,
      fields: {
        unique: text({ unique: true, max: 666 }),
        short: text({ index: true }),
        one: text(),
        two: text(),
        first: text(),
        second: text({ max: 390 }),
      },
      order: ['one', '-two'],
      unique: [['first', 'second']],
      can,
    }),
  },
});

eachPlace('an indexed text', (place) => {
  test('takes what its declaration says, and no more', async (t) => {
    const served = await serveApp(fits, await place());
    t.after(() => served.close());
    const body = {
      unique: noise(666),
      short: noise(255),
      one: noise(255),
      two: noise(255),
      first: noise(255),
      second: noise(390),
    };
    const created = await served.call('POST', '/v1/notes', { body });
    assert.equal(created.status, 201, JSON.stringify(created.body));
    for (const name of Object.keys(body)) {
      const longer = await served.call('PATCH', '/v1/notes/1', { body: { [name]: noise(700) } });
      assert.equal(longer.status, 422);
      assert.partialDeepStrictEqual(longer.body, { errors: [{ pointer: `/${name}`, code: 'max_length' }] });
    }
  });
});

let state = 1;
/** Characters beyond the Basic Multilingual Plane, by a linear congruential generator. */
function noise(length: number): string {
  return Array.from({ length }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return String.fromCodePoint(0x1_0000 + (state % 0xf_0000));
  }).join('');
}
