import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  accounts,
  anyone,
  anyText,
  app,
  author,
  boolean,
  integer,
  integerId,
  json,
  many,
  own,
  reference,
  references,
  resource,
  role,
  signedIn,
  text,
  where,
} from 'trestle';
import { type Served, serveApp } from 'trestle/testing';
import { eachPlace } from '../stores.ts';
import { at, problem } from './notes.ts';

const can = { create: anyone, update: anyone, delete: anyone };

const resources = {
  writers: resource({
    id: integerId(),
    fields: {
      name: text(),
      public: boolean({ default: true }),
      salary: integer({ default: 1, can: { read: role('hr') } }),
      articles: many('articles', { by: 'writer' }),
    },
    can: { ...can, read: where({ public: true }) },
  }),
  articles: resource({
    id: integerId(),
    fields: {
      title: text(),
      data: json({ nullable: true }),
      writer: reference('writers', { nullable: true }),
      editors: references('writers', { max: 5 }),
      comments: many('comments', { by: 'article' }),
    },
    can: { ...can, read: anyone },
  }),
  comments: resource({
    id: integerId(),
    fields: {
      text: text(),
      stars: integer({ default: 0 }),
      hidden: boolean({ default: false }),
      reviewer: reference('writers', { nullable: true, can: { read: where({ stars: 1 }) } }),
      article: reference('articles'),
      writer: reference('writers', { nullable: true }),
    },
    order: '-id',
    can: { ...can, read: where({ hidden: false }) },
  }),
  drafts: resource({
    id: integerId(),
    fields: { line: text(), owner: author(), article: reference('articles', { nullable: true }) },
    can: { read: own('owner'), create: signedIn },
  }),
};

eachPlace('fields and expand', (place) => {
  let served: Served<typeof resources>;
  const get = (path: string) => served.call('GET', path);
  const items = async (path: string) => at((await get(path)).body, 'items') as Record<string, unknown>[];
  const refused = async (path: string, pointers: string[] = []) =>
    problem(await get(path), 400, 'invalid_query', pointers);

  before(async () => {
    const declared = app({
      name: 'press',
      accounts: accounts({ password: anyText, roles: ['hr'] }),
      resources,
    });
    served = await serveApp(declared, await place());
    const make = (path: string, body: object) => served.call('POST', `/v1/${path}`, { body });
    await make('writers', { name: 'ann' });
    await make('writers', { name: 'bob' });
    for (let n = 1; n <= 4; n += 1)
      await make('articles', {
        title: `t${n}`,
        writer: [1, 2, null, 1][n - 1] ?? null,
        data: { n },
        editors: n === 1 ? [2, 1] : [],
      });
    for (let n = 1; n <= 15; n += 1)
      await make('comments', {
        text: `c${n}`,
        stars: n % 3,
        hidden: n === 15,
        article: 1,
        writer: (n % 2) + 1,
      });
    await make('comments', { text: 'other', article: 2 });
    await served.call('PATCH', '/v1/writers/2', { body: { public: false } });
  });
  after(() => served.close());

  describe('fields', () => {
    test('answers those and the id, in a list, with a cursor by others, and of one row', async () => {
      assert.deepEqual(await items('/v1/articles?fields=title&limit=1'), [{ id: 1, title: 't1' }]);
      assert.deepEqual(await items('/v1/articles?fields=data,id&limit=1'), [{ id: 1, data: { n: 1 } }]);
      const first = await get('/v1/comments?fields=text&sort=stars,-text&limit=2');
      assert.deepEqual(Object.keys(Object(at(first.body, 'items', 0))), ['id', 'text']);
      const next = `&cursor=${at(first.body, 'next')}`;
      const rest = await items(`/v1/comments?fields=text&sort=stars,-text&limit=200${next}`);
      assert.equal(rest.length, 13);
      const one = await get('/v1/articles/1?fields=data');
      assert.deepEqual(one.body, { id: 1, data: { n: 1 } });
      assert.ok(one.headers.get('etag'));
    });

    test('that are not there, or hidden, are refused alike', async () => {
      await refused('/v1/writers?fields=name,nope', ['fields']);
      await refused('/v1/writers?fields=salary', ['fields']);
      await refused('/v1/writers/1?fields=salary', ['fields']);
      problem(await get('/v1/writers/1?limit=1'), 400, 'unknown_parameter', ['limit']);
    });
  });

  describe('expand', () => {
    test('shows the row of a reference, null where there is none that the caller may read', async () => {
      const list = await items('/v1/articles?expand=writer&fields=title');
      assert.deepEqual(
        list.map((row) => at(row, 'expand', 'writer', 'name') ?? at(row, 'expand', 'writer')),
        ['ann', null, null, 'ann'],
      );
      assert.ok(!('salary' in Object(at(list, 0, 'expand', 'writer'))));
    });

    test('shows the rows of references in their order, and those of accounts', async () => {
      const list = await items('/v1/articles?expand=editors&fields=title&limit=2');
      assert.deepEqual(
        list.map((row) => (at(row, 'expand', 'editors') as object[]).map((each) => at(each, 'name'))),
        [['ann'], []],
      );
      const body = { username: 'owner', password: 'p' };
      await served.call('POST', '/v1/accounts', { body });
      const { body: session } = await served.call('POST', '/v1/sessions', { body });
      const token = String(at(session, 'access_token'));
      await served.call('POST', '/v1/drafts', { token, body: { line: 'x' } });
      const own = await served.call('GET', '/v1/drafts?expand=owner,article', { token });
      assert.equal(at(own.body, 'items', 0, 'expand', 'article'), null, JSON.stringify(own.body));
      assert.ok(at(own.body, 'items', 0, 'expand', 'owner') !== undefined);
    });

    test('shows no row of a reference that is hidden in a row', async () => {
      await served.call('PATCH', '/v1/comments/1', { body: { reviewer: 1 } });
      await served.call('PATCH', '/v1/comments/2', { body: { reviewer: 1 } });
      const list = await items('/v1/comments?expand=reviewer&sort=id&limit=2&fields=stars,reviewer');
      assert.deepEqual(
        list.map((row) => [at(row, 'reviewer'), at(row, 'expand', 'reviewer', 'name')]),
        [
          [1, 'ann'],
          [undefined, undefined],
        ],
      );
      assert.equal(at((await get('/v1/comments/2?expand=reviewer')).body, 'expand', 'reviewer'), null);
      const found = await items('/v1/comments?filter[reviewer][name]=ann&fields=text');
      assert.deepEqual(found, [{ id: 1, text: 'c1' }]);
      const groups = (await get('/v1/comments:aggregate?group=reviewer')).body;
      assert.deepEqual(at(groups, 'items'), [
        { count: 14, group: { reviewer: null } },
        { count: 1, group: { reviewer: 1 } },
      ]);
    });

    test('shows those that refer to a row: limited, sorted, filtered, under their own rule', async () => {
      const of = async (query: string) => {
        const list = await items(`/v1/articles?expand=comments&limit=2${query}`);
        return list.map((row) => (at(row, 'expand', 'comments') as object[]).map((each) => at(each, 'text')));
      };
      assert.deepEqual(
        (await of('')).map((texts) => texts.length),
        [10, 1],
      );
      assert.deepEqual(await of('&expand[comments][limit]=2'), [['c14', 'c13'], ['other']]);
      assert.deepEqual(await of('&expand[comments][limit]=2&expand[comments][sort]=stars,text'), [
        ['c12', 'c3'],
        ['other'],
      ]);
      assert.deepEqual(await of('&expand[comments][filter][stars]=2&expand[comments][filter][text][ne]=c8'), [
        ['c14', 'c11', 'c5', 'c2'],
        [],
      ]);
    });

    test('goes three deep with one query for each level, and chooses fields there', async () => {
      const from = served.statements();
      const path = '/v1/writers/1?expand=articles.comments.writer&expand[articles][limit]=1';
      const options = '&expand[articles.comments][fields]=text&expand[articles.comments][limit]=2';
      const one = await get(path + options);
      assert.equal(served.statements() - from, 4);
      assert.deepEqual(at(one.body, 'expand', 'articles', 0, 'expand', 'comments'), [
        { id: 14, text: 'c14', writer: 1, expand: { writer: { id: 1, name: 'ann', public: true } } },
        { id: 13, text: 'c13', writer: 2, expand: { writer: null } },
      ]);
    });

    test('takes one query for a level, however many rows and relations there are', async () => {
      for (const limit of [1, 50]) {
        const from = served.statements();
        await get(`/v1/articles?limit=${limit}&expand=writer,comments&expand[comments][limit]=3`);
        assert.equal(served.statements() - from, 2);
      }
    });

    test('is bounded before anything is read, and refuses what is not there', async () => {
      const from = served.statements();
      await refused('/v1/articles?expand=nope', ['expand']);
      await refused('/v1/articles?expand=title', ['expand']);
      await refused('/v1/articles?limit=200&expand=comments');
      await refused('/v1/writers?expand=articles.comments.article.writer');
      await refused('/v1/articles?expand=comments&expand[writer][limit]=1', ['expand[writer][limit]']);
      await refused('/v1/articles?expand=comments&expand[comments][limit]=0', ['expand[comments][limit]']);
      await refused('/v1/articles?expand=comments&expand[comments][nope]=0', ['expand[comments][nope]']);
      assert.equal(served.statements() - from, 0);
    });

    test('an expanded row has its tag, but is never unchanged', async () => {
      const first = await get('/v1/articles/1?expand=writer');
      const headers = { 'If-None-Match': first.headers.get('etag') ?? '' };
      assert.equal((await served.call('GET', '/v1/articles/1?expand=writer', { headers })).status, 200);
      const part = await get('/v1/articles/1?fields=title');
      const known = { 'If-None-Match': part.headers.get('etag') ?? '' };
      assert.equal((await served.call('GET', '/v1/articles/1?fields=title', { headers: known })).status, 304);
    });
  });

  describe('across references', () => {
    const ids = async (query: string) => (await items(`/v1/${query}`)).map(({ id }) => id);
    const search = (path: string, body: object) => served.call('POST', `/v1/${path}:search`, { body });

    test('filters by what the caller may read there, and tells nothing of the rest', async () => {
      assert.deepEqual(await ids('articles?filter[writer][name]=ann'), [1, 4]);
      assert.deepEqual(await ids('articles?filter[writer][name][icontains]=N&filter[id][lt]=3'), [1]);
      assert.deepEqual(await ids('articles?filter[writer]=2'), [2]);
      // bob is hidden: nothing that is asked of him holds, nor does its opposite.
      for (const condition of ['[name]=bob', '[name][ne]=bob', '[name][null]=true', '[public]=false'])
        assert.ok(!(await ids(`articles?filter[writer]${condition}`)).includes(2), condition);
      assert.deepEqual(await ids('comments?filter[article][writer][name]=ann&limit=2'), [14, 13]);
      await refused('/v1/articles?filter[writer][salary]=1', ['/writer/salary']);
      await refused('/v1/articles?filter[writer][nope]=1', ['/writer/nope']);
      await refused('/v1/articles?filter[title][nope][eq]=1', ['filter[title][nope][eq]']);
    });

    test('a key without a scope for the far rows neither sees nor infers them', async () => {
      const body = { username: 'scoped', password: 'p' };
      await served.call('POST', '/v1/accounts', { body });
      const { body: session } = await served.call('POST', '/v1/sessions', { body });
      const made = await served.call('POST', '/v1/keys', {
        token: String(at(session, 'access_token')),
        body: { name: 'k', scopes: ['articles:read'] },
      });
      const token = String(at(made.body, 'key'));
      const of = async (query: string) => (await served.call('GET', `/v1/articles${query}`, { token })).body;
      assert.equal(at(await of('?expand=writer'), 'items', 0, 'expand', 'writer'), null);
      assert.deepEqual(at(await of('?expand=comments'), 'items', 0, 'expand', 'comments'), []);
      assert.deepEqual(at(await of('?filter[writer][name]=ann'), 'items'), []);
      assert.equal(at(await of('?sort=-writer.name,id'), 'items', 0, 'id'), 1);
      assert.equal(at(await of(':aggregate?filter[writer][name][ne]=x'), 'items', 0, 'count'), 0);
    });

    test('sorts by it, null where it is hidden, with cursors', async () => {
      assert.deepEqual(await ids('articles?sort=writer.name,-id'), [3, 2, 4, 1]);
      assert.deepEqual(await ids('articles?sort=writer.name:nullslast,id'), [1, 4, 2, 3]);
      assert.deepEqual(await ids('articles?sort=-writer.name:nullsfirst,id'), [2, 3, 1, 4]);
      assert.deepEqual(Object.keys((await items('/v1/articles?sort=writer.name'))[0] ?? {}), [
        'id',
        'title',
        'data',
        'writer',
        'editors',
      ]);
      await refused('/v1/articles?sort=writer.salary', ['sort']);
      await refused('/v1/articles?sort=comments.text', ['sort']);
      for (const sort of [
        'writer.name:nullslast,id',
        '-writer.name:nullsfirst,-id',
        'writer.name',
        'writer:nullslast',
      ]) {
        const whole = await ids(`articles?sort=${sort}`);
        const seen: unknown[] = [];
        let page = await get(`/v1/articles?sort=${sort}&limit=1`);
        for (;;) {
          seen.push(at(page.body, 'items', 0, 'id'));
          if (at(page.body, 'next') === null) break;
          page = await get(`/v1/articles?sort=${sort}&limit=1&cursor=${at(page.body, 'next')}`);
        }
        assert.deepEqual(seen, whole, sort);
        const back: unknown[] = [];
        while (at(page.body, 'prev') !== null) {
          page = await get(`/v1/articles?sort=${sort}&limit=1&cursor=${at(page.body, 'prev')}`);
          back.unshift(at(page.body, 'items', 0, 'id'));
        }
        assert.deepEqual(back, whole.slice(0, -1), sort);
      }
    });

    test('a search takes the same as JSON, and its cursors are those of lists', async () => {
      const filter = { or: [{ writer: { name: { eq: 'ann' } } }, { title: { eq: 't3' } }] };
      const found = await search('articles', {
        filter,
        sort: ['-id'],
        fields: ['title'],
        limit: 2,
        count: 'exact',
      });
      assert.equal(found.status, 200);
      assert.deepEqual(at(found.body, 'items'), [
        { id: 4, title: 't4' },
        { id: 3, title: 't3' },
      ]);
      assert.equal(at(found.body, 'total'), 3);
      const rest = await search('articles', { filter, sort: ['-id'], cursor: at(found.body, 'next') });
      assert.deepEqual(
        (at(rest.body, 'items') as object[]).map((row) => at(row, 'id')),
        [1],
      );
      const expand = { comments: { limit: 1, filter: { stars: { gt: 1 } }, expand: { writer: true } } };
      const expanded = await search('articles', { filter: { id: { eq: 1 } }, expand });
      assert.equal(at(expanded.body, 'items', 0, 'expand', 'comments', 0, 'text'), 'c14');
      problem(await search('articles', { filter: { title: { eq: 1 } } }), 400, 'invalid_query', [
        '/title/eq',
      ]);
      problem(await search('articles', { expand: { comments: 5 } }), 422, 'invalid', ['/expand/comments']);
      problem(await search('articles', { nope: 1 }), 400, 'unknown_field', ['/nope']);
    });
  });

  describe('aggregates', () => {
    const of = async (query: string) => (await get(`/v1/comments:aggregate?${query}`)).body;

    test('count, add up and compare, by group, what the caller may read', async () => {
      assert.deepEqual(await of(''), { items: [{ count: 15 }], more: false });
      assert.deepEqual(await of('group=stars&count=&sum=stars,id&min=text&filter[article]=1'), {
        items: [
          { count: 4, group: { stars: 0 }, sum: { stars: 0, id: 30 }, min: { text: 'c12' } },
          { count: 5, group: { stars: 1 }, sum: { stars: 5, id: 35 }, min: { text: 'c1' } },
          { count: 5, group: { stars: 2 }, sum: { stars: 10, id: 40 }, min: { text: 'c11' } },
        ],
        more: false,
      });
      assert.deepEqual(await of('group=writer,article&avg=stars&max=stars&limit=1&filter[stars][gt]=1'), {
        items: [{ group: { writer: 1, article: 1 }, avg: { stars: 2 }, max: { stars: 2 } }],
        more: true,
      });
      assert.deepEqual(await of('sum=stars&max=stars&filter[id]=0'), {
        items: [{ sum: { stars: 0 }, max: { stars: null } }],
        more: false,
      });
      assert.deepEqual(at(await of('filter[article][writer][name]=ann'), 'items', 0, 'count'), 14);
    });

    test('refuse what is not there, hidden, or no number', async () => {
      await refused('/v1/writers:aggregate?sum=salary', ['sum']);
      await refused('/v1/writers:aggregate?group=salary', ['group']);
      await refused('/v1/writers:aggregate?sum=name', ['sum']);
      await refused('/v1/comments:aggregate?group=id,text,stars,article', ['group']);
      await refused('/v1/comments:aggregate?limit=0', ['limit']);
      await refused('/v1/comments:aggregate?count=no', ['count']);
      problem(await get('/v1/comments:aggregate?sort=id'), 400, 'unknown_parameter', ['sort']);
    });
  });
});
