import assert from 'node:assert/strict';
import { before, it } from 'node:test';
import type { Filter } from 'trestle/contract';
import type { Store } from '../../src/database/store.ts';
import { eachStore } from '../stores.ts';
import { ann, anonymous, bob, openShop } from './shop.ts';

const COUNT = 31;

eachStore('lists', (open) => {
  let shop: Awaited<ReturnType<typeof openShop>>;
  let store: Store;
  type Query = NonNullable<Parameters<typeof shop.products.list>[1]>;
  const names = async (query: Query) =>
    (await shop.products.list(anonymous, query)).items.map(({ name }) => name);

  before(async () => {
    store = await open();
    shop = await openShop(store);
    for (let at = 0; at < COUNT; at += 1)
      await shop.products.create(ann, {
        name: `p${at}`,
        price: at % 3 === 0 ? null : at % 7,
        sold: at % 2 === 0,
      });
    await shop.products.create(ann, { name: '100%_\\[a]*?' });
  });

  it('walks every order forwards and backwards without a gap or a double', async () => {
    for (const sort of [
      undefined,
      ['price'],
      ['-price'],
      ['-price', 'name'],
      ['sold', '-price', 'id'],
      ['-id'],
    ]) {
      const given = sort ? { sort } : {};
      const whole = (await shop.products.list(anonymous, { ...given, limit: 100 })).items.map(({ id }) => id);
      assert.equal(whole.length, COUNT + 1);
      const seen: number[] = [];
      let page = await shop.products.list(anonymous, { ...given, limit: 7 });
      for (;;) {
        seen.push(...page.items.map(({ id }) => id));
        if (page.next === null) break;
        page = await shop.products.list(anonymous, { ...given, limit: 7, cursor: page.next });
      }
      assert.deepEqual(seen, whole, `forwards by ${sort}`);
      const back = page.items.map(({ id }) => id);
      while (page.prev !== null) {
        page = await shop.products.list(anonymous, { ...given, limit: 7, cursor: page.prev });
        back.unshift(...page.items.map(({ id }) => id));
      }
      assert.deepEqual(back, whole, `backwards by ${sort}`);
    }
  });

  it('answers every operator', async () => {
    const cases: [Filter<{ id: number; name: string; price: number | null; sold: boolean }>, string[]][] = [
      [{ name: { eq: 'p3' } }, ['p3']],
      [{ name: { in: ['p3', 'p4', 'nope'] } }, ['p4', 'p3']],
      [{ id: { between: [2, 3] } }, ['p2', 'p1']],
      [{ id: { lte: 2 } }, ['p1', 'p0']],
      [{ id: { gt: 30 }, name: { ne: 'p30' } }, ['100%_\\[a]*?']],
      [{ name: { starts: 'p2', ends: '9' } }, ['p29']],
      [{ name: { contains: 'P2' } }, []],
      [{ name: { contains: 'p?9' } }, []],
      [{ name: { contains: '[1' } }, []],
      [{ name: { contains: '[a]*?' } }, ['100%_\\[a]*?']],
      [{ name: { contains: '0%_\\' } }, ['100%_\\[a]*?']],
      [{ name: { icontains: 'P29' } }, ['p29']],
      [{ name: { icontains: '%' } }, ['100%_\\[a]*?']],
      [{ name: { icontains: '_\\' } }, ['100%_\\[a]*?']],
      [{ price: { null: true }, id: { lt: 5 } }, ['p3', 'p0']],
      [{ price: { eq: null }, id: { lt: 5 } }, ['p3', 'p0']],
      [{ price: { nin: [1, 2, 3, 4, 5, 6] }, id: { lt: 9 } }, ['p7', 'p6', 'p3', 'p0']],
      [{ sold: { eq: true }, id: { lt: 4 } }, ['p2', 'p0']],
      [
        { or: [{ name: { eq: 'p1' } }, { name: { eq: 'p2' }, sold: { eq: true } }, { id: { eq: 1 } }] },
        ['p2', 'p1', 'p0'],
      ],
    ];
    for (const [filter, expected] of cases)
      assert.deepEqual(await names({ filter }), expected, JSON.stringify(filter));
  });

  it('takes a list of any length from the app itself', async () => {
    const none = Array.from({ length: 50_000 }, (_, at) => 1000 + at);
    assert.deepEqual(await names({ filter: { id: { in: [...none, 2, 3] } } }), ['p2', 'p1']);
    const { items } = await shop.products.list(anonymous, {
      filter: { id: { nin: [...none, 1] } },
      limit: 9999,
    });
    assert.equal(items.length, COUNT);
  });

  it('counts exactly when asked, and searches in any case', async () => {
    const page = await shop.products.list(anonymous, { search: 'P1', limit: 2, count: 'exact' });
    assert.equal(page.total, 11);
    assert.equal(page.items.length, 2);
    assert.equal((await shop.products.list(anonymous, { count: 'estimated', limit: 1 })).total, COUNT + 1);
  });

  it('refuses what it cannot answer, naming it', async () => {
    const refused = (query: object, code: string) =>
      assert.rejects(shop.products.list(anonymous, query), { code }, JSON.stringify(query));
    await refused({ filter: { nope: { eq: 1 } } }, 'invalid_query');
    await refused({ filter: { price: { eq: 'x' } } }, 'invalid_query');
    await refused({ filter: { price: { like: 1 } } }, 'invalid_query');
    await refused({ filter: { name: { eq: { $gt: '' } } } }, 'invalid_query');
    await refused({ filter: { 'name" or 1=1 --': { eq: 1 } } }, 'invalid_query');
    const filter = { id: { in: Array.from({ length: 101 }, (_, id) => id) } };
    await refused({ filter, shortLists: true }, 'invalid_query');
    await refused({ sort: ['nope'] }, 'invalid_query');
    await refused({ sort: ['id', 'name', 'price', 'sold', 'views', 'created_at'] }, 'invalid_query');
    await refused({ cursor: 'abc.def' }, 'invalid_cursor');
  });

  it('binds a cursor to its list', async () => {
    const { next } = await shop.products.list(anonymous, { limit: 1 });
    assert.ok(next);
    const other = { limit: 1, cursor: next };
    await assert.rejects(shop.products.list(anonymous, { ...other, sort: ['name'] }), {
      code: 'invalid_cursor',
    });
    await assert.rejects(shop.products.list(anonymous, { ...other, filter: { id: { gt: 0 } } }), {
      code: 'invalid_cursor',
    });
    const flipped = `${next.slice(0, -1)}${next.endsWith('A') ? 'B' : 'A'}`;
    await assert.rejects(shop.products.list(anonymous, { limit: 1, cursor: flipped }), {
      code: 'invalid_cursor',
    });
  });

  it('shows an owner their rows alone, in lists, streams, counts and children', async () => {
    await shop.diaries.create(ann, { entry: 'a', mood: 'x' });
    await shop.diaries.create(bob, { entry: 'b', mood: 'x' });
    const page = await shop.diaries.list(bob, { count: 'exact' });
    assert.deepEqual(
      page.items.map(({ entry }) => entry),
      ['b'],
    );
    assert.equal(page.total, 1);
    const streamed = await Array.fromAsync(shop.diaries.stream(ann));
    assert.deepEqual(
      streamed.flat().map(({ entry }) => entry),
      ['a'],
    );
    assert.deepEqual([...(await shop.diaries.readMany(ann, [1, 2])).keys()], [1]);
    await assert.rejects(shop.diaries.list(anonymous), { code: 'unauthenticated' });
  });

  it('reads the first children of many parents in one statement', async () => {
    for (const product of [1, 2])
      for (const title of ['c', 'a', 'b', 'd'])
        await shop.reviews.create(ann, { title: `${title}${product}`, product });
    const before = store.statements;
    const found = await shop.reviews.children(anonymous, 'product', [1, 2, 3], { limit: 2, offset: 1 });
    assert.equal(store.statements - before, 1);
    const titles = [...found].map(([parent, rows]) => [parent, rows.map(({ title }) => title)]);
    assert.deepEqual(titles, [
      [1, ['b1', 'c1']],
      [2, ['b2', 'c2']],
      [3, []],
    ]);
  });

  it('streams a part of the rows in order', async () => {
    const parts = await Array.fromAsync(
      shop.products.stream(anonymous, { sort: ['id'], offset: 2, limit: 3 }),
    );
    assert.deepEqual(
      parts.flat().map(({ name }) => name),
      ['p2', 'p3', 'p4'],
    );
  });
});
