// A list that is sorted by texts of any length has cursors that a URL takes, and every row is on one page, in the same order on both databases.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anyone, app, integerId, resource, text } from 'trestle';
import { serveApp } from '../../src/testing.ts';
import { eachPlace } from '../stores.ts';

const long = app({
  name: 'long',
  resources: {
    notes: resource({
      id: integerId(),
      fields: {
        a: text(),
        b: text({ nullable: true }),
        c: text({ max: 300, default: '' }),
        d: text({ max: 600, index: true, default: '' }),
      },
      can: { read: anyone, create: anyone },
    }),
  },
});

/** Texts that are equal for longer than a cursor holds, and characters that take much room in one. */
const TEXTS = ['\u{1F600}', '\u0001', 'a', 'é'].flatMap((char) => [
  char.repeat(20_000),
  `${char.repeat(254)}z`,
  `${char.repeat(255)}z${'y'.repeat(1000)}`,
  char.repeat(3),
]);

const orders: string[][] = [];

eachPlace('a list in the order of long texts', (place) => {
  test('is paged through by links of a bounded length', async (t) => {
    const served = await serveApp(long, await place());
    t.after(() => served.close());
    for (const [at, a] of TEXTS.entries()) {
      const b = at % 3 === 0 ? null : TEXTS[(at * 7) % TEXTS.length];
      const [c, d] = [[...a].slice(0, 300).join(''), [...a].slice(0, 600).join('')];
      const { status } = await served.call('POST', '/v1/notes', { body: { a, b, c, d } });
      assert.equal(status, 201);
    }
    const found: string[] = [];
    for (const sort of ['a', '-a', 'b', '-b,a', 'a,b,c,d', 'd', '-d', 'c,-a', 'd,a']) {
      const forwards = await pages(served.call, `/v1/notes?limit=2&sort=${sort}`, 'next');
      assert.equal(new Set(forwards.ids).size, TEXTS.length, sort);
      assert.equal(forwards.ids.length, TEXTS.length, sort);
      const backwards = await pages(served.call, forwards.last, 'prev');
      assert.deepEqual(backwards.ids.reverse(), forwards.ids, sort);
      found.push(`${sort}: ${forwards.ids.join()}`);
    }
    orders.push(found);
  });
});

test('the order is the same on both databases', () => {
  assert.equal(orders.length, 2);
  assert.deepEqual(orders[0], orders[1]);
});

type Call = Awaited<ReturnType<typeof serveApp>>['call'];

/** The ids of all pages from an address on; backwards, those of a page in reverse. */
async function pages(call: Call, from: string, way: 'next' | 'prev') {
  const ids: number[] = [];
  let path = from;
  for (;;) {
    const { status, body, headers } = await call('GET', path);
    assert.equal(status, 200, `${path.length} bytes: ${JSON.stringify(body)}`);
    // Both directions; a client takes 16 KB of headers at least, and the server 8 KB of a URL.
    assert.ok(String(headers.get('link')).length < 12_000);
    const page = body as { items: { id: number }[]; next: string | null; prev: string | null };
    const found = page.items.map((row) => row.id);
    ids.push(...(way === 'next' ? found : found.reverse()));
    const cursor = page[way];
    if (cursor === null) return { ids, last: path };
    path = `${from.replace(/&cursor=.*/, '')}&cursor=${cursor}`;
  }
}
