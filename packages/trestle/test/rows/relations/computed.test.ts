import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import {
  accounts,
  anyone,
  app,
  author,
  boolean,
  count,
  decimal,
  exists,
  integer,
  integerId,
  its,
  me,
  own,
  reference,
  resource,
  role,
  signedIn,
  sum,
  text,
  where,
} from 'trestle';
import { anonymous, type Context, type Filter, system } from 'trestle/contract';
import { type Served, serveApp } from 'trestle/testing';
import { eachPlace } from '../../stores.ts';

const id = integerId();
const all = { read: anyone, create: anyone, update: anyone, delete: anyone };
const articles = resource({
  id,
  fields: {
    title: text({ max: 100 }),
    favorites: count('favorites', { article: its('id') }, { rows: 'all' }),
    favorited: exists('favorites', { article: its('id'), account: me }),
    comments: count('comments', { article: its('id') }),
    open_comments: count('comments', { article: its('id'), hidden: false }),
    for_editors: exists('comments', { article: its('id') }, { rows: 'all', can: { read: role('editor') } }),
  },
  order: 'title',
  can: all,
});
const favorites = resource({
  id,
  fields: { article: reference('articles', { onDelete: 'cascade' }), account: author() },
  can: { ...all, read: own('account') },
});
const comments = resource({
  id,
  fields: { article: reference('articles', { onDelete: 'cascade' }), hidden: boolean({ default: false }) },
  can: { ...all, create: signedIn, read: where({ hidden: false }) },
});
const invoices = resource({
  id,
  fields: {
    number: text({ max: 20 }),
    total: sum('lines', 'amount', { invoice: its('id') }),
    pieces: sum('lines', 'quantity', { invoice: its('id') }),
  },
  can: all,
});
const lines = resource({
  id,
  fields: {
    invoice: reference('invoices', { onDelete: 'cascade' }),
    amount: decimal({ digits: 30, scale: 2 }),
    quantity: integer({ default: 1 }),
  },
  can: all,
});
/** Whether the caller follows who wrote a row, and likes it. Its note is for whoever made it. */
const posts = resource({
  id,
  fields: {
    title: text({ max: 100 }),
    writer: reference('accounts', { nullable: true }),
    followed: exists('follows', { whom: its('writer'), by: me }),
    note: text({ max: 100, can: { read: own('by') } }),
    liked: exists('follows', { post: its('id'), by: me }),
    by: author(),
  },
  order: '-title',
  can: all,
});
const follows = resource({
  id,
  fields: {
    whom: reference('accounts', { nullable: true }),
    post: reference('posts', { nullable: true }),
    by: author(),
  },
  can: all,
});
const site = app({
  name: 'site',
  accounts: accounts({ id: integerId(), roles: ['editor'] }),
  resources: { articles, favorites, comments, invoices, lines, posts, follows },
});

/** A row without its version. */
const plain = (row: object): unknown => JSON.parse(JSON.stringify(row));

eachPlace('fields computed from other rows', (place) => {
  let served: Served<(typeof site)['resources']>;
  const callers: Context[] = [];
  before(async () => {
    served = await serveApp(site, await place());
    for (const username of ['ada', 'bob'])
      await served.call('POST', '/v1/accounts', { body: { username, password: 'correct horse battery' } });
    for (const account of [1, 2]) callers.push({ caller: { kind: 'account', account, session: 's' } });
    const [ada = system(), bob = system()] = callers;
    const { services } = served.engine;
    for (const title of ['a', 'b', 'c']) await services.articles.create(ada, { title });
    for (const [context, article] of [
      [ada, 1],
      [bob, 1],
      [bob, 2],
    ] as const)
      await services.favorites.create(context, { article });
    for (const [article, hidden] of [
      [1, false],
      [1, true],
      [2, true],
    ] as const)
      await services.comments.create(ada, { article, hidden });
    await services.invoices.create(ada, { number: 'empty' });
    await services.invoices.create(ada, { number: 'full' });
    for (const amount of ['0.10', '0.20', '-12345678901234567890.05', '12345678901234567890.00'])
      await services.lines.create(ada, { invoice: 2, amount, quantity: 3 });
  });
  after(() => served.close());

  const list = async (context: Context, query: { filter?: Filter; sort?: string[] } = {}) =>
    (await served.engine.services.articles.list(context, query as object)).items;

  it('show each caller what the rows that they may read come to', async () => {
    const row = { id: 1, title: 'a', favorites: 2, favorited: true, comments: 1, open_comments: 1 };
    const [ada = system(), bob = system()] = callers;
    assert.deepEqual((await list(ada))[0], row);
    assert.deepEqual(
      (await list(bob)).map(({ favorited }) => favorited),
      [true, true, false],
    );
    const nobodys = await list({ caller: anonymous });
    assert.deepEqual(nobodys[0], { ...row, favorited: false });
    assert.deepEqual(
      nobodys.map(({ favorites, comments: readable }) => [favorites, readable]),
      [
        [2, 1],
        [1, 0],
        [0, 0],
      ],
    );
    const boss = await list({ caller: { kind: 'administrator' } });
    assert.partialDeepStrictEqual(boss[0], { favorited: false, comments: 1, for_editors: true });
    const own = await list(system());
    assert.partialDeepStrictEqual(own[0], { comments: 2, open_comments: 1, for_editors: true });
    const key = { caller: { kind: 'key', account: 1, key: 'k', scopes: ['articles:read'] } } as const;
    assert.partialDeepStrictEqual((await list(key))[0], { favorites: 2, favorited: false, comments: 0 });
  });

  it('are the same in a list, a read, a write and an event of a transaction', async () => {
    const [ada = system()] = callers;
    const { articles: service } = served.engine.services;
    const [first] = await list(ada);
    assert.deepEqual(plain(await service.read(ada, 1)), first);
    assert.deepEqual((await service.readMany(ada, [1])).get(1), first);
    assert.deepEqual(plain(await service.patch(ada, 1, { title: 'a' })), first);
    const changed = await service.patch(ada, 1, { title: 'aa' });
    assert.deepEqual(plain(changed), { ...first, title: 'aa' });
    await service.patch(ada, 1, { title: 'a' });
    const made = await service.create(ada, { title: 'd' });
    assert.deepEqual(plain(made), {
      id: made.id,
      title: 'd',
      favorites: 0,
      favorited: false,
      comments: 0,
      open_comments: 0,
    });
    assert.deepEqual(plain(await service.remove(ada, made.id)), plain(made));
    const children = await served.engine.services.lines.children(ada, 'invoice', [2], { limit: 2 });
    assert.equal(children.get(2)?.length, 2);
  });

  it('are filtered and sorted by, with cursors, under the same rules', async () => {
    const [ada = system(), bob = system()] = callers;
    const titles = async (context: Context, query: object) =>
      (await list(context, query)).map(({ title }) => title);
    assert.deepEqual(await titles(ada, { filter: { favorited: { eq: true } } }), ['a']);
    assert.deepEqual(await titles(bob, { filter: { favorited: { eq: true } } }), ['a', 'b']);
    assert.deepEqual(await titles(bob, { filter: { comments: { gt: 0 } } }), ['a']);
    assert.deepEqual(await titles(system(), { filter: { comments: { gte: 1 } } }), ['a', 'b']);
    assert.deepEqual(await titles(ada, { sort: ['-favorites', 'title'] }), ['a', 'b', 'c']);
    assert.deepEqual(await titles(ada, { sort: ['favorites'] }), ['c', 'b', 'a']);
    const { services } = served.engine;
    let cursor: string | undefined;
    const seen: unknown[] = [];
    do {
      const page = await services.articles.list(bob, { sort: ['-comments', '-favorited'], limit: 1 }, cursor);
      seen.push(...page.items.map(({ title }) => title));
      cursor = page.next ?? undefined;
    } while (cursor);
    assert.deepEqual(seen, ['a', 'b', 'c']);
    await assert.rejects(async () => list(ada, { filter: { for_editors: { eq: true } } }), {
      code: 'invalid_query',
    });
    await assert.rejects(async () => list(ada, { sort: ['for_editors'] }), { code: 'invalid_query' });
    const frozen = Object.freeze({ limit: 1 });
    for (const [context, is] of [
      [bob, true],
      [{ caller: anonymous }, false],
      [ada, true],
    ] as const)
      assert.equal((await services.articles.list(context, frozen)).items[0]?.favorited, is);
    const counted = await services.articles.list(bob, { filter: { favorites: { gte: 1 } }, count: 'exact' });
    assert.equal(counted.total, 2);
  });

  it('add up exactly', async () => {
    const [ada = system()] = callers;
    const { items } = await served.engine.services.invoices.list(ada, { sort: ['total'] });
    assert.deepEqual(
      items,
      [
        { id: 2, number: 'full', total: '0.25', pieces: 12 },
        { id: 1, number: 'empty', total: '0.00', pieces: 0 },
      ].toSorted((a, b) => Number(a.total) - Number(b.total)),
    );
    const less = await served.engine.services.invoices.list(ada, { filter: { total: { gte: '0.25' } } });
    assert.deepEqual(
      less.items.map(({ number }) => number),
      ['full'],
    );
  });

  it('are in ETags, in no body, and in the document of the API', async () => {
    const path = '/v1/articles/2';
    const first = await served.call('GET', path);
    const etag = first.headers.get('etag') ?? '';
    const again = await served.call('GET', path, { headers: { 'If-None-Match': etag } });
    assert.equal(again.status, 304);
    await served.engine.services.comments.create(system(), { article: 2, hidden: false });
    const changed = await served.call('GET', path, { headers: { 'If-None-Match': etag } });
    assert.equal(changed.status, 200);
    assert.partialDeepStrictEqual(changed.body, { comments: 1 });
    const written = await served.call('PATCH', path, { body: { title: 'B' }, headers: { 'If-Match': etag } });
    assert.equal(written.status, 200);
    const refused = await served.call('PATCH', path, { body: { favorites: 7 } });
    assert.equal(refused.status, 400);
    const filtered = await served.call('GET', '/v1/articles?filter[favorites][gte]=2&sort=-favorites');
    assert.partialDeepStrictEqual(filtered.body, { items: [{ id: 1 }] });
    const { body } = await served.call('GET', '/openapi.json');
    const document = JSON.stringify(body);
    assert.match(document, /open_comments/);
    assert.doesNotMatch(document, /for_editors/);
  });

  it('are looked up for a page by a field of its rows, which may be null', async () => {
    const [ada = system(), bob = system()] = callers;
    const { posts: service, follows: following } = served.engine.services;
    for (let at = 0; at < 9; at += 1) {
      const writer = at % 3 === 0 ? null : at % 3;
      const made = await service.create(at % 2 ? ada : bob, { title: `p${at % 5}`, writer, note: `n${at}` });
      if (at % 4 === 0) await following.create(ada, { post: made.id });
    }
    await following.create(ada, { whom: 2 });
    await following.create(ada, { whom: null });
    await following.create(bob, { whom: 1, post: 1 });
    const seenBy = async (context: Context) =>
      (await service.list(context, { sort: ['id'] })).items.map(({ followed, liked, note }) => [
        followed,
        liked,
        note,
      ]);
    const wanted = (of: (at: number) => unknown) => Array.from({ length: 9 }, (_, at) => of(at));
    const noteOf = (at: number, mine: number) => (at % 2 === mine ? `n${at}` : undefined);
    assert.deepEqual(
      await seenBy(ada),
      wanted((at) => [at % 3 === 2, at % 4 === 0, noteOf(at, 1)]),
    );
    assert.deepEqual(
      await seenBy(bob),
      wanted((at) => [at % 3 === 1, at === 0, noteOf(at, 0)]),
    );
  });

  for (const query of [
    {},
    { sort: ['title'] },
    { sort: ['writer', '-title'] },
    { sort: ['followed'] },
    { fields: ['followed', 'liked', 'note'] },
    { fields: ['liked', 'title', 'writer', 'followed'], sort: ['-writer'] },
  ])
    it(`are in each page of ${JSON.stringify(query)} as in each row`, async () => {
      const [context = system()] = callers;
      const { posts: service } = served.engine.services;
      const asked = { ...query, limit: 4 } as object;
      const first = await service.list(context, asked);
      const second = await service.list(context, asked, first.next ?? '');
      const third = await service.list(context, asked, second.next ?? '');
      const seen = [...first.items, ...second.items, ...third.items];
      assert.equal(new Set(seen.map((row) => row.id)).size, 9);
      for (const row of seen) {
        const whole = Object.entries(plain(await service.read(context, row.id)) as object);
        const isAsked = (name: string) => name === 'id' || query.fields?.includes(name) !== false;
        assert.deepEqual(plain(row), Object.fromEntries(whole.filter(([name]) => isAsked(name))));
      }
      const back = await service.list(context, asked, third.prev ?? '');
      assert.deepEqual(plain(back.items), plain(second.items));
    });

  it('are read without a query a row', async () => {
    const [ada = system()] = callers;
    const before = served.statements();
    await list(ada);
    assert.equal(served.statements() - before, 1);
  });
});
