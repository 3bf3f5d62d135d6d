import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import {
  anyone,
  app,
  boolean,
  integerId,
  reference,
  references,
  resource,
  text,
  updatedAt,
  where,
} from 'trestle';
import { system, VERSION } from 'trestle/contract';
import { type Served, serveApp } from 'trestle/testing';
import { readEntries } from '../../../src/rows/exchange/entries.ts';
import { exportRows } from '../../../src/rows/exchange/export-rows.ts';
import { importRows } from '../../../src/rows/exchange/import-rows.ts';
import { eachPlace } from '../../stores.ts';

const id = integerId();
const can = { read: anyone, create: anyone, update: anyone, delete: anyone };
const tags = resource({
  id,
  fields: { name: text({ max: 40 }), secret: boolean({ default: false }) },
  can: { ...can, read: where({ secret: false }) },
});
const topics = resource({ fields: { name: text({ max: 40 }) }, can });
const articles = resource({
  id,
  fields: {
    title: text({ max: 100 }),
    tags: references('tags', { max: 3, onDelete: 'remove' }),
    topics: references('topics'),
    related: references('articles', { onDelete: 'remove' }),
    updated_at: updatedAt(),
  },
  order: 'title',
  can,
});
const comments = resource({ fields: { article: reference('articles', { onDelete: 'cascade' }) }, can });
const site = app({ name: 'site', resources: { articles, tags, topics, comments } });

eachPlace('references of a row to many others', (place) => {
  let served: Served<(typeof site)['resources']>;
  before(async () => {
    served = await serveApp(site, await place());
    for (const [name, secret] of [
      ['a', false],
      ['b', false],
      ['c', false],
      ['hidden', true],
    ] as const)
      await served.engine.services.tags.create(system(), { name, secret });
  });
  after(() => served.close());
  const call = (method: string, path: string, body?: unknown) => served.call(method, `/v1/${path}`, { body });

  it('are an ordered array of ids, and empty where they are left out', async () => {
    const made = await call('POST', 'articles', { title: 'one', tags: [3, 1] });
    assert.equal(made.status, 201);
    assert.partialDeepStrictEqual(made.body, { id: 1, tags: [3, 1], topics: [], related: [] });
    assert.partialDeepStrictEqual((await call('GET', 'articles/1')).body, { tags: [3, 1] });
    const changed = await call('PATCH', 'articles/1', { tags: [1, 2, 3] });
    assert.partialDeepStrictEqual(changed.body, { title: 'one', tags: [1, 2, 3] });
    assert.equal(changed.headers.get('etag')?.startsWith('"2-'), true);
    const same = await call('PATCH', 'articles/1', { tags: [1, 2, 3] });
    assert.equal(same.headers.get('etag'), changed.headers.get('etag'));
    const replaced = await call('PUT', 'articles/1', { title: 'one' });
    assert.partialDeepStrictEqual(replaced.body, { tags: [] });
    await call('PATCH', 'articles/1', { tags: [3, 1] });
    const { items } = await served.engine.services.articles.list(system());
    assert.deepEqual(items[0]?.tags, [3, 1]);
  });

  it('are checked: kind, number, sameness, and rows that the caller may read', async () => {
    for (const [wrong, code] of [
      [[1, 1], 'uniqueItems'],
      [[1, 2, 3, 1], 'max_items'],
      [['x'], 'type'],
      [[1, 4], 'reference'],
      [[99], 'reference'],
      [null, 'type'],
    ] as const) {
      const { status, body } = await call('PATCH', 'articles/1', { tags: wrong });
      assert.equal(status, 422, JSON.stringify(body));
      assert.ok(JSON.stringify(body).includes(`"${code}"`), `${code}: ${JSON.stringify(body)}`);
    }
    const { body } = await call('PATCH', 'articles/1', { tags: [1, 4] });
    assert.partialDeepStrictEqual(body, { errors: [{ pointer: '/tags/1', code: 'reference' }] });
    assert.partialDeepStrictEqual((await call('GET', 'articles/1')).body, { tags: [3, 1] });
  });

  it('are filtered by one id with has', async () => {
    await call('POST', 'articles', { title: 'two', tags: [1] });
    const titles = async (query: string) => {
      const { body } = await call('GET', `articles?${query}`);
      return (body as { items: { title: string }[] }).items?.map(({ title }) => title) ?? body;
    };
    assert.deepEqual(await titles('filter[tags][has]=1'), ['one', 'two']);
    assert.deepEqual(await titles('filter[tags][has]=3'), ['one']);
    assert.deepEqual(await titles('filter[tags][has]=2'), []);
    assert.deepEqual(await titles('filter[or][0][tags][has]=3&filter[or][1][title]=two'), ['one', 'two']);
    assert.equal((await call('GET', 'articles?filter[tags][has]=x')).status, 400);
    assert.equal((await call('GET', 'articles?filter[tags]=1')).status, 400);
    assert.equal((await call('GET', 'articles?filter[title][has]=1')).status, 400);
    assert.equal((await call('GET', 'articles?sort=tags')).status, 400);
    const { items } = await served.engine.services.articles.list(system(), { filter: { tags: { has: 3 } } });
    assert.equal(items.length, 1);
  });

  it('lose a row that is deleted, or keep it from being deleted', async () => {
    const tag = await served.engine.services.tags.create(system(), { name: 'gone' });
    const topic = await served.engine.services.topics.create(system(), { name: 'kept' });
    const { services } = served.engine;
    const article = await services.articles.create(system(), {
      title: 'x',
      tags: [1, tag.id, 2],
      topics: [topic.id],
    });
    await services.articles.create(system(), { title: 'y', related: [article.id] });
    assert.equal((await call('DELETE', `tags/${tag.id}`)).status, 204);
    const left = await services.articles.read(system(), article.id);
    assert.deepEqual(left.tags, [1, 2]);
    assert.equal(left[VERSION], 2);
    assert.equal((await call('DELETE', `topics/${topic.id}`)).status, 409);
    assert.equal((await call('DELETE', `articles/${article.id}`)).status, 204);
    assert.equal((await call('DELETE', `topics/${topic.id}`)).status, 204);
    const { items } = await services.articles.list(system(), { filter: { title: { eq: 'y' } } });
    assert.deepEqual(items[0]?.related, []);
  });

  it('go out and come in again', async () => {
    const { store, models, services } = served.engine;
    const model = models.get('articles') ?? assert.fail();
    for (const format of ['ndjson', 'csv'] as const) {
      const parts: string[] = [];
      for await (const part of exportRows(store, model, format)) parts.push(part);
      const before = (await services.articles.list(system(), { sort: ['id'] })).items;
      const file = parts.join('');
      const read = () => readEntries(model, format, [file], JSON.parse);
      const copied = await importRows(store, model, read);
      assert.deepEqual([copied.rows, copied.refused], [before.length, []]);
      const all = (await services.articles.list(system(), { sort: ['id'] })).items;
      const copies = all.slice(before.length);
      assert.deepEqual(
        copies.map(({ title, tags: ids }) => [title, ids]),
        before.map(({ title, tags: ids }) => [title, ids]),
      );
      for (const { id: copy } of copies) await services.articles.remove(system(), copy);
      const next = await services.articles.create(system(), { title: 'next' });
      assert.ok(Number(next.id) > Number(copies.at(-1)?.id));
      await services.articles.remove(system(), next.id);
    }
    const refused = await importRows(store, model, () =>
      readEntries(model, 'ndjson', ['{"title":"z","tags":[77]}\n'], JSON.parse),
    );
    assert.equal(refused.refused[0]?.errors[0]?.code, 'reference');
  });

  it('keep their links where field and resource are renamed', async (t) => {
    const there = await place();
    const first = await serveApp(site, there);
    const { services } = first.engine;
    try {
      for (const name of ['a', 'b']) await services.tags.create(system(), { name });
      await services.articles.create(system(), { title: 'one', tags: [2, 1] });
    } finally {
      await first.close();
    }
    const renamed = resource({
      id,
      fields: {
        title: text({ max: 100 }),
        labels: references('tags', { was: 'tags' }),
        related: references('posts'),
      },
      was: 'articles',
      can,
    });
    const next = app({ name: 'site', resources: { posts: renamed, tags } });
    await assert.rejects(serveApp(next, there), /lose data/);
    const kept = app({
      name: 'site',
      resources: {
        posts: resource({
          id,
          fields: { ...renamed.fields, topics: references('topics'), updated_at: updatedAt() },
          was: 'articles',
          can,
        }),
        tags,
        topics,
        comments: resource({ fields: { article: reference('posts', { onDelete: 'cascade' }) }, can }),
      },
    });
    const second = await serveApp(kept, there);
    t.after(() => second.close());
    const { items } = await second.engine.services.posts.list(system());
    assert.deepEqual(items[0]?.labels, [2, 1]);
    const filtered = await second.engine.services.posts.list(system(), { filter: { labels: { has: 2 } } });
    assert.equal(filtered.items.length, 1);
  });
});
