import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anyone, app, integerId, nobody, resource, slug, text, timestamp } from 'trestle';
import { serveApp } from 'trestle/testing';
import { eachPlace, eachStore } from '../stores.ts';
import { exchangeOf } from './exchange.ts';

const can = { read: anyone, create: anyone, update: anyone, delete: anyone };
const id = integerId();
const title = text({ max: 300, nullable: true });
const at = timestamp({ nullable: true, unique: true });
const articles = resource({ id, fields: { slug: slug('title'), title, at }, can });
const pages = resource({ id, fields: { title, slug: slug('title', { follow: true }) }, can });
const site = app({ name: 'site', resources: { articles, pages } });

const MADE = [
  ['How to Train!', 'how-to-train'],
  ['How  to train', 'how-to-train-2'],
  ['how-to-train?', 'how-to-train-3'],
  ['  Ça va: déjà vu, Ærø ', 'ca-va-deja-vu-ærø'],
  ['Проект №7', 'проект-no7'],
  ['日本語', '日本語'],
  ['x'.repeat(300), 'x'.repeat(88)],
];

eachPlace('a slug', (place) => {
  test('is made of another field, once for each row, and is an address', async (t) => {
    const served = await serveApp(site, await place());
    t.after(() => served.close());
    for (const [given, made] of MADE) {
      const { body, status } = await served.call('POST', '/v1/articles', { body: { title: given } });
      assert.equal(status, 201);
      assert.partialDeepStrictEqual(body, { slug: made });
    }
    for (const words of ['!!!', null]) {
      const { body } = await served.call('POST', '/v1/articles', { body: { title: words } });
      assert.match((body as { slug: string }).slug, /^[0-9a-z]{8}$/);
    }
    const many = await Promise.all(
      Array.from({ length: 12 }, () => served.call('POST', '/v1/articles', { body: { title: 'At once' } })),
    );
    assert.deepEqual(
      many.map(({ status }) => status),
      many.map(() => 201),
    );
    assert.equal(new Set(many.map(({ body }) => (body as { slug: string }).slug)).size, 12);
    assert.equal(
      (await served.call('POST', '/v1/articles', { body: { title: 'a', slug: 'b' } })).status,
      400,
    );

    const address = '/v1/articles/by/slug/how-to-train';
    const read = await served.call('GET', address);
    assert.partialDeepStrictEqual(read.body, { id: 1, slug: 'how-to-train' });
    const etag = String(read.headers.get('etag'));
    assert.equal((await served.call('GET', address, { headers: { 'If-None-Match': etag } })).status, 304);
    assert.equal(
      (await served.call('HEAD', `/v1/articles/by/slug/${encodeURIComponent('проект-no7')}`)).status,
      200,
    );
    const body = { title: 'Another', at: '2026-01-01T00:00:00Z' };
    assert.equal((await served.call('PATCH', address, { body, headers: { 'If-Match': '"0"' } })).status, 412);
    const patched = await served.call('PATCH', address, { body });
    assert.partialDeepStrictEqual(patched.body, { id: 1, slug: 'how-to-train', title: 'Another' });
    const byInstant = `/v1/articles/by/at/${encodeURIComponent('2026-01-01T01:00:00+01:00')}`;
    assert.partialDeepStrictEqual((await served.call('GET', byInstant)).body, { id: 1 });
    assert.equal((await served.call('DELETE', address)).status, 204);
    for (const path of [
      address,
      '/v1/articles/by/slug/none',
      '/v1/articles/by/at/never',
      '/v1/articles/by/title/Another',
    ])
      assert.equal((await served.call('GET', path)).status, 404, path);
    const document = JSON.stringify((await served.call('GET', '/openapi.json')).body);
    assert.match(document, /"\/v1\/articles\/by\/slug\/\{value\}"/);
  });

  test('follows its field where that is declared, and keeps its own number', async (t) => {
    const served = await serveApp(site, await place());
    t.after(() => served.close());
    for (const words of ['One', 'One']) await served.call('POST', '/v1/pages', { body: { title: words } });
    const patch = async (words: string) => {
      const { body } = await served.call('PATCH', '/v1/pages/2', { body: { title: words } });
      return (body as { slug: string }).slug;
    };
    assert.equal(await patch('One!'), 'one-2');
    assert.equal(await patch('Two'), 'two');
    assert.equal(await patch('One'), 'one-2');
    assert.equal((await served.call('GET', '/v1/pages/by/slug/two')).status, 404);
  });

  test('is made at start for rows that are older', async (t) => {
    const where = await place();
    const before = await serveApp(
      app({ name: 'site', resources: { pages: resource({ id, fields: { title }, can }) } }),
      where,
    );
    for (const words of ['Old', 'Old', null])
      await before.call('POST', '/v1/pages', { body: { title: words } });
    await before.close();
    const served = await serveApp(app({ name: 'site', resources: { pages } }), where);
    t.after(() => served.close());
    const { body } = await served.call('GET', '/v1/pages');
    assert.deepEqual(
      (body as { items: { slug: string }[] }).items.slice(0, 2).map((row) => row.slug),
      ['old', 'old-2'],
    );
  });

  test('finds no row that the caller may not read', async (t) => {
    const hidden = resource({ id, fields: { title, slug: slug('title') }, can: { ...can, read: nobody } });
    const served = await serveApp(app({ name: 'hidden', resources: { hidden } }), await place());
    t.after(() => served.close());
    await served.call('POST', '/v1/hidden', { body: { title: 'a' } });
    const { status } = await served.call('GET', '/v1/hidden/by/slug/a');
    assert.ok(status === 401 || status === 403 || status === 404, String(status));
  });
});

eachStore('a slug', (open) => {
  test('is made of imported rows, and kept where the file has it', async () => {
    const { imported, exported } = await exchangeOf(site, 'articles', await open());
    const { rows, refused } = await imported('ndjson', '{"title":"A b"}\n{"title":"A b"}\n');
    assert.equal(rows, 2, JSON.stringify(refused));
    assert.equal((await exported('ndjson')).match(/"slug":"a-b-[0-9a-z]{8}"/g)?.length, 2);
  });
});

test('a slug names a text field', () => {
  for (const source of ['none', 'slug', 'at'])
    assert.throws(
      () => app({ name: 'a', resources: { r: resource({ fields: { slug: slug(source), at, title } }) } }),
      /^TypeError: a\.r\.slug: /,
    );
});
