import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { administrator, anyone, app, integerId, reference, resource, text } from 'trestle';
import { type Served, serveApp } from 'trestle/testing';
import { eachPlace } from '../../stores.ts';

const books = resource({
  id: integerId(),
  fields: {
    title: text({ max: 200 }),
    body: text({ default: '' }),
    note: text({ nullable: true, can: { read: administrator, create: anyone } }),
    shelf: text({ max: 20, default: 'a', index: true }),
  },
  search: { title: 4, body: 1, note: 1 },
  softDelete: true,
  can: { read: anyone, create: anyone, update: anyone, delete: anyone },
});
const pages = resource({
  fields: { book: reference('books', { onDelete: 'cascade' }), words: text() },
  search: ['words'],
  live: true,
  can: { read: anyone, create: anyone, update: anyone, delete: anyone },
});
const library = app({ name: 'library', resources: { books, pages } });

/** Texts of several scripts, each with its number. */
const CORPUS = [
  'The quick brown fox',
  'A brown QUICK fox jumps',
  'Crème brûlée, à la carte',
  'Straße nach Köln',
  'Проект Ёлка',
  'ΟΔΟΣ οδός',
  '日本語のテスト',
  'naïve co-operation: foo_bar v1.2.3e5',
  "don't e-mail bob@example.com or see https://example.com/a/b?c=d",
  'İstanbul ﬁne Å ½',
  'हिन्दी में खोज',
  'x'.repeat(60),
  '한국어 검색',
  '1e5 0x1f 12abc abc12 -7 +3',
  'quotes \' " \\ % _ ; drop -- (a AND b) NEAR title:x ^y {z}',
];

/** Searches, and the numbers of all texts that they find. */
const FOUND: readonly [string, readonly number[]][] = [
  ['quick fox', [1, 2]],
  ['FOX quick', [1, 2]],
  ['"quick brown"', [1]],
  ['"brown quick"', [2]],
  ['quick -fox', [1, 2]],
  ['jum*', [2]],
  ['"quick fox jum*"', []],
  ['"quick fox ju"*', [2]],
  ['jum', []],
  ['creme BRULEE', [3]],
  ['crème', [3]],
  ['strasse', [4]],
  ['STRAẞE koln', [4]],
  ['проект', [5]],
  ['елка', [5]],
  ['οδοσ', [6]],
  ['ΟΔΌΣ', [6]],
  ['日本', [7]],
  ['本日', []],
  ['テスト', [7]],
  ['naive', [8]],
  ['co-operation', [8]],
  ['operation', [8]],
  ['bar', [8]],
  ['foo_bar', [8]],
  ['v1.2.3e5', [8]],
  ['3e5', [8]],
  ['1e5', [14]],
  ['0x1f', [14]],
  ['12abc', [14]],
  ['12ab*', [14]],
  ['7', [14]],
  ["don't", [9]],
  ['bob@example.com', [9]],
  ['example.com', [9]],
  ['istanbul', [10]],
  ['fine', [10]],
  ['a', [3, 9, 10, 15, 2]],
  ['खोज', [11]],
  ['हिन्दी', [11]],
  ['हिनदी', []],
  ['x'.repeat(60), [12]],
  ['x'.repeat(50), [12]],
  [`${'x'.repeat(20)}*`, [12]],
  ['검색', [13]],
  ['한국*', [13]],
  ['near', [15]],
  ['title:x', [15]],
  ['(a AND b)', [15]],
  ['"', []],
  ['! ? *', []],
  ["' OR 1", []],
];

eachPlace('full-text search', (place) => {
  let served: Served;
  before(async () => {
    served = await serveApp(library, await place());
    for (const title of CORPUS) await call('POST', '/v1/books', { title });
  });
  after(() => served.close());

  async function call(method: string, path: string, body?: unknown, token?: string) {
    const reply = await served.call(method, path, {
      ...(body !== undefined && { body }),
      ...(token && { token }),
    });
    assert.ok(reply.status < 300, `${method} ${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return reply.body as {
      id: number;
      items: { id: number; title: string }[];
      next: string | null;
      prev: string | null;
      total?: number;
    };
  }
  const idsOf = async (query: string, token?: string) => {
    const { items } = await call('GET', `/v1/books?${query}`, undefined, token);
    return items.map(({ id }) => id);
  };
  const search = (words: string, more = '') => idsOf(`search=${encodeURIComponent(words)}${more}`);

  it('finds the same words on both databases', async () => {
    for (const [words, expected] of FOUND)
      assert.deepEqual(
        (await search(words)).sort((a, b) => a - b),
        [...expected].sort((a, b) => a - b),
        words,
      );
  });

  it('refuses what begins too many words, and what is too long', async () => {
    for (const words of ['q*', 'quick f*', 'x'.repeat(201)]) {
      const { status, body } = await served.call('GET', `/v1/books?search=${encodeURIComponent(words)}`);
      assert.equal(status, 400);
      assert.equal((body as { code: string }).code, 'invalid_query');
    }
  });

  it('answers in the order of rank, and pages through it both ways', async () => {
    const ids: number[] = [];
    for (let at = 0; at < 25; at++) {
      const body = `${'zebra '.repeat(1 + (at % 5))}${'filler '.repeat(at)}`;
      ids.push(
        (await call('POST', '/v1/books', { title: `t${at}`, body, shelf: at % 2 ? 'odd' : 'even' })).id,
      );
    }
    const { id: best } = await call('POST', '/v1/books', { title: 'Zebra', body: 'zebra', shelf: 'odd' });
    const whole = await search('zebra', '&limit=100');
    assert.equal(whole.length, 26);
    assert.equal(whole[0], best, 'the weight of a title');
    const pages: number[][] = [];
    let cursor: string | null = null;
    let last: { prev: string | null } | undefined;
    do {
      const page = await call('GET', `/v1/books?search=zebra&limit=7${cursor ? `&cursor=${cursor}` : ''}`);
      pages.push(page.items.map(({ id }) => id));
      assert.deepEqual(Object.keys(page.items[0] ?? {}), ['id', 'title', 'body', 'shelf']);
      cursor = page.next;
      last = page;
    } while (cursor);
    assert.deepEqual(pages.flat(), whole);
    const back = await call('GET', `/v1/books?search=zebra&limit=7&cursor=${last?.prev}`);
    assert.deepEqual(
      back.items.map(({ id }) => id),
      pages.at(-2),
    );
    // With a filter, counted, sorted otherwise, with some fields, as a search by body, and aggregated.
    const odd = await call(
      'GET',
      '/v1/books?search=zebra&filter[shelf]=odd&count=exact&limit=3&fields=title',
    );
    assert.equal(odd.total, 13);
    assert.equal(odd.items.length, 3);
    assert.deepEqual(Object.keys(odd.items[0] ?? {}), ['id', 'title']);
    assert.deepEqual(await search('zebra', '&sort=id&limit=3'), ids.slice(0, 3));
    const posted = await call('POST', '/v1/books:search', { search: 'zebra', limit: 100 });
    assert.deepEqual(posted.items.map(({ id }) => id).sort(), [...whole].sort());
    const groups = await served.call('GET', '/v1/books:aggregate?search=zebra&group=shelf&count=');
    assert.deepEqual(
      (groups.body as { items: { count: number }[] }).items.map(({ count }) => count),
      [13, 13],
    );
  });

  it('follows every write', async () => {
    const { id } = await call('POST', '/v1/books', { title: 'Walrus', body: 'tusk' });
    assert.deepEqual(await search('walrus tusk'), [id]);
    await call('PATCH', `/v1/books/${id}`, { title: 'Otter' });
    assert.deepEqual(await search('walrus'), []);
    assert.deepEqual(await search('otter tusk'), [id]);
    await call('PATCH', `/v1/books/${id}`, { shelf: 'z' });
    await call('PUT', `/v1/books/${id}`, { title: 'Seal' });
    assert.deepEqual(await search('tusk'), []);
    await call('PATCH', '/v1/books?filter[shelf]=a&search=seal&max=5', { body: 'whiskers' });
    assert.deepEqual(await search('whiskers'), [id]);
    await call('DELETE', `/v1/books/${id}`);
    assert.deepEqual(await search('seal'), []);
    await call('POST', `/v1/books/${id}:restore`);
    assert.deepEqual(await search('seal whiskers'), [id]);

    // A write that fails leaves no words.
    assert.equal(
      (await served.call('POST', '/v1/books?dry_run=true', { body: { title: 'Manatee' } })).status,
      201,
    );
    assert.equal(
      (
        await served.call('POST', '/v1/batch', {
          body: {
            requests: [
              { method: 'POST', path: '/v1/books', body: { title: 'Manatee' } },
              { method: 'DELETE', path: '/v1/books/999999' },
            ],
          },
        })
      ).status,
      404,
    );
    assert.deepEqual(await search('manatee'), []);
    await call('POST', '/v1/books:createMany', { items: [{ title: 'Dugong one' }, { title: 'Dugong two' }] });
    assert.equal((await search('dugong')).length, 2);
  });

  it('finds nothing through fields that the caller may not read', async () => {
    const { id } = await call('POST', '/v1/books', { title: 'Plain', note: 'classified' });
    assert.deepEqual(await search('classified'), []);
    assert.deepEqual(await search('plain classified'), []);
    assert.deepEqual(await idsOf('search=classified', served.administrator), [id]);
    assert.deepEqual(await idsOf('search=plain+classified', served.administrator), [id]);
  });

  it('goes on behind the last row, though other rows change all ranks', async () => {
    for (let at = 1; at <= 12; at++)
      await call('POST', '/v1/books', { title: 'x', body: `${'lynx '.repeat(at)}${'fur '.repeat(12 - at)}` });
    const whole = await search('lynx');
    const first = await call('GET', '/v1/books?search=lynx&limit=5');
    for (let at = 0; at < 20; at++) await call('POST', '/v1/books', { title: 'lynx', body: 'lynx' });
    const newest = new Set((await search('lynx', '&limit=100')).filter((id) => !whole.includes(id)));
    const rest: number[] = [];
    for (let { next } = first; next; ) {
      const page = await call('GET', `/v1/books?search=lynx&limit=5&cursor=${next}`);
      rest.push(...page.items.map(({ id }) => id));
      next = page.next;
    }
    assert.deepEqual(
      rest.filter((id) => !newest.has(id)),
      whole.slice(5),
    );
  });

  it('is refused by live lists in words', async () => {
    const { status, body } = await served.call('GET', '/v1/pages/events?search=zebra');
    assert.equal(status, 400);
    assert.match((body as { detail: string }).detail, /a live list has no search/);
    const unknown = await served.call('GET', '/v1/pages/events?filter[words][like]=x');
    assert.equal(unknown.status, 400);
    assert.match((unknown.body as { detail: string }).detail, /words\/like: there is no operator 'like'/);
  });
});
