import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eachPlace } from '../stores.ts';
import { at, Notebook, problem } from './notes.ts';

eachPlace('lists of the uniform API', (place) => {
  const book = new Notebook(place, async (empty) => {
    const rows = [
      { title: 'apple', rank: 1, ratio: 0.5, done: true, due: '2026-01-01T00:00:00Z' },
      { title: 'Banana, ripe', rank: 2, ratio: null, kind: 'urgent' },
      { title: 'cherry 50%', rank: 3, ratio: -1.5, done: true },
      { title: 'date_palm', rank: 4, due: '2026-06-01T00:00:00Z' },
      { title: 'elder\\berry', rank: 5 },
    ];
    for (const row of rows) await empty.note(row);
  });

  async function list(query: string) {
    return book.anonymous('GET', `/v1/notes?${query}`);
  }

  async function ranks(query: string): Promise<unknown[]> {
    const reply = await list(`sort=rank&${query}`);
    assert.equal(reply.status, 200, JSON.stringify(reply.body));
    const items = at(reply.body, 'items');
    assert.ok(Array.isArray(items));
    return items.map((item) => at(item, 'rank'));
  }

  describe('filters', () => {
    const cases: [string, unknown[]][] = [
      ['filter[rank]=3', [3]],
      ['filter[rank][eq]=3', [3]],
      ['filter[rank][ne]=3', [1, 2, 4, 5]],
      ['filter[rank][gt]=3', [4, 5]],
      ['filter[rank][gte]=3&filter[rank][lt]=5', [3, 4]],
      ['filter[rank][lte]=2', [1, 2]],
      ['filter[rank][in]=1,5,9', [1, 5]],
      ['filter[rank][nin]=1,5', [2, 3, 4]],
      ['filter[rank][between]=2,4', [2, 3, 4]],
      ['filter[ratio][lt]=0', [3]],
      ['filter[ratio]=0.5', [1]],
      ['filter[ratio]=null', [2, 4, 5]],
      ['filter[ratio][ne]=null', [1, 3]],
      ['filter[ratio][null]=true', [2, 4, 5]],
      ['filter[due][null]=false', [1, 4]],
      ['filter[due][gt]=2026-01-01T00:00:00.000Z', [4]],
      ['filter[due]=2026-01-01T01:00:00%2B01:00', [1]],
      ['filter[done]=true', [1, 3]],
      ['filter[done]=false&filter[kind]=urgent', [2]],
      ['filter[title]=apple', [1]],
      ['filter[title]=null', []],
      ['filter[title][contains]=an', [2]],
      ['filter[title][icontains]=BANANA', [2]],
      ['filter[title][contains]=%25', [3]],
      ['filter[title][contains]=_', [4]],
      ['filter[title][starts]=ch', [3]],
      ['filter[title][ends]=y', [5]],
      ['filter[title][in]=Banana\\, ripe,apple', [1, 2]],
      ['filter[title][in]=elder\\\\berry', [5]],
      ['filter[or][0][rank]=1&filter[or][1][title][starts]=date', [1, 4]],
      ['filter[rank][gt]=1&filter[or][0][done]=true&filter[or][1][rank]=5', [3, 5]],
      ['filter[or][0][or][0][rank]=1&filter[or][0][or][1][rank]=2&filter[or][0][done]=true', [1]],
      ['filter[id][null]=true', []],
      ['search=BERRY', [5]],
      ['search=50%25', [3]],
    ];
    for (const [query, expected] of cases)
      test(query, async () => assert.deepEqual(await ranks(query), expected));

    test('by the author, by id', async () => {
      const { body } = await list('sort=rank&limit=1');
      const { id, owner } = Object(at(body, 'items', 0));
      assert.deepEqual(await ranks(`filter[owner]=${owner}`), [1, 2, 3, 4, 5]);
      assert.deepEqual(await ranks(`filter[id]=${id}`), [1]);
      assert.deepEqual(await ranks(`filter[owner]=${id}`), []);
    });
  });

  describe('what a list refuses', () => {
    const invalid = [
      'filter[colour]=red',
      'filter[tags]=a',
      'filter[rank][like]=1',
      'filter[rank]=one',
      'filter[rank]=1.5',
      'filter[rank]=',
      'filter[ratio]=NaN',
      'filter[done]=1',
      'filter[due]=yesterday',
      'filter[id]=1',
      'filter[rank][null]=perhaps',
      'filter[rank][between]=1',
      'filter[rank][contains]=1',
      'filter[rank]=null',
      'filter=x',
      'filter[]=x',
      'filter[rank][eq][x]=1',
      'filter[or]=1',
      'filter[or][x][rank]=1',
      'filter[or][0]=1',
      'filter[rank=1',
      'filter[rank]=1&filter[rank]=2',
      'filter[rank]=1&filter[rank][eq]=1',
      `filter[rank][in]=${Array.from({ length: 101 }, (_, n) => n).join()}`,
      `filter[title]=${'x'.repeat(2000)}`,
      `filter${'[or][0]'.repeat(6)}[rank]=1`,
      `${Array.from({ length: 51 }, (_, n) => `filter[or][${n}][rank]=1`).join('&')}`,
      'filter[notes.title]=x',
      'filter[owner.password_hash]=x',
      'filter[_version]=1',
      'filter[__proto__]=1',
      'sort=colour',
      'sort=',
      'sort=rank,title,done,kind,ratio,due',
      'sort=rank&sort=title',
      'sort=-tags',
      'limit=0',
      'limit=-1',
      'limit=1.5',
      'limit=1e2',
      'limit=201',
      'limit=1000000000',
      'limit=NaN',
      'limit=',
      'limit=5&limit=5',
      'count=yes',
      `search=${'x'.repeat(201)}`,
    ];
    for (const query of invalid)
      test(query.slice(0, 60), async () => {
        const reply = await list(query);
        assert.deepEqual(
          [reply.status, at(reply.body, 'code')],
          [400, 'invalid_query'],
          JSON.stringify(reply.body),
        );
      });

    test('parameters there are not, naming those there are', async () => {
      for (const name of ['pages', 'skip', 'Limit', 'where', '$filter', 'token', 'toString']) {
        const reply = await list(`${name}=1`);
        problem(reply, 400, 'unknown_parameter', [name]);
        assert.match(
          String(at(reply.body, 'detail')),
          /limit, cursor, page, offset, sort, search, count, filter/,
        );
      }
    });

    test('search where nothing is searched', async () => {
      problem(await book.anonymous('GET', '/v1/posters?search=x'), 400, 'invalid_query');
    });

    test('hidden members answer like those that do not exist', async () => {
      const shape = async (name: string) => {
        const { status, body } = await list(`filter[${name}]=1`);
        return [status, JSON.stringify(at(body, 'errors')).replaceAll(name, 'NAME')];
      };
      const unknown = await shape('nosuchfield');
      for (const name of ['_version', 'password_hash', 'rowid']) assert.deepEqual(await shape(name), unknown);
    });
  });

  describe('pages', () => {
    /** All ranks by following one relation of the Link header. */
    async function walk(start: string, relation: string): Promise<unknown[][]> {
      const pages: unknown[][] = [];
      for (let path: string | undefined = start; path !== undefined && pages.length < 10; ) {
        const { body, headers }: { body: unknown; headers: Headers } = await book.anonymous('GET', path);
        const items = at(body, 'items');
        assert.ok(Array.isArray(items));
        pages.push(items.map((item) => at(item, 'rank')));
        path = linkOf(headers, relation);
      }
      return pages;
    }

    function linkOf(headers: Headers, relation: string): string | undefined {
      const links = (headers.get('link') ?? '').split(', ');
      return links.find((link) => link.endsWith(`rel="${relation}"`))?.match(/<([^>]+)>/)?.[1];
    }

    test('next leads through all rows once, prev back', async () => {
      const start = '/v1/notes?filter[rank][gt]=0&sort=-rank&limit=2';
      assert.deepEqual(await walk(start, 'next'), [[5, 4], [3, 2], [1]]);
      const { headers } = await book.anonymous('GET', start);
      const second = linkOf(headers, 'next') ?? '';
      const third = linkOf((await book.anonymous('GET', second)).headers, 'next') ?? '';
      assert.deepEqual(await walk(third, 'prev'), [[1], [3, 2], [5, 4]]);
      assert.equal(linkOf((await book.anonymous('GET', third)).headers, 'first'), start);
    });

    test('the cursors of the body are those of the links; at the ends there are none', async () => {
      const first = await list('sort=rank&limit=3');
      assert.equal(at(first.body, 'prev'), null);
      const next = encodeURIComponent(String(at(first.body, 'next')));
      assert.equal(linkOf(first.headers, 'next'), `/v1/notes?sort=rank&limit=3&cursor=${next}`);
      const last = await list(`sort=rank&limit=3&cursor=${next}`);
      assert.equal(at(last.body, 'next'), null);
      assert.equal(typeof at(last.body, 'prev'), 'string');
    });

    test('a cursor serves its own list alone', async () => {
      const cursor = String(at((await list('sort=rank&limit=2')).body, 'next'));
      const others = [
        `sort=-rank&limit=2&cursor=${cursor}`,
        `sort=rank&filter[done]=true&cursor=${cursor}`,
        `sort=rank&cursor=${cursor.slice(0, -2)}`,
        `sort=rank&cursor=${Buffer.from('[0,1,"x"]').toString('base64url')}.AAAA`,
        'sort=rank&cursor=',
      ];
      for (const query of others) problem(await list(query), 400, 'invalid_cursor');
      assert.equal((await list(`sort=rank&limit=4&cursor=${cursor}`)).status, 200);
      problem(await book.anonymous('GET', `/v1/posters?cursor=${cursor}`), 400, 'invalid_cursor');
    });

    test('rows are counted where that is asked for', async () => {
      assert.equal(at((await list('limit=1')).body, 'total'), undefined);
      for (const count of ['exact', 'estimated'])
        assert.equal(at((await list(`limit=1&count=${count}&filter[done]=true`)).body, 'total'), 2);
    });

    test('50 rows unless said otherwise, 200 at most', async () => {
      const { services } = book.served.engine;
      const caller = { kind: 'administrator' } as const;
      await Promise.all(
        Array.from({ length: 210 }, (_, n) => services.posters.create({ caller }, { name: `${n}` })),
      );
      const size = async (query: string) =>
        at((await book.anonymous('GET', `/v1/posters${query}`)).body, 'items', 'length');
      assert.deepEqual([await size(''), await size('?limit=200')], [50, 200]);
    });

    test('HEAD of a list has its headers', async () => {
      const head = await book.anonymous('HEAD', '/v1/notes?limit=2&sort=rank');
      assert.deepEqual([head.status, head.body], [200, undefined]);
      assert.ok(linkOf(head.headers, 'next'));
    });
  });
});
