import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  administrator,
  anyone,
  app,
  author,
  integerId,
  own,
  resource,
  signedIn,
  text,
  transitions,
  updatedAt,
} from 'trestle';
import { serveApp } from 'trestle/testing';
import { eachPlace, eachStore } from '../stores.ts';
import { exchangeOf } from './exchange.ts';

const articles = resource({
  id: integerId(),
  fields: {
    title: text({ max: 50 }),
    author: author(),
    status: transitions(
      ['draft', 'published', 'withdrawn'],
      {
        publish: { from: 'draft', to: 'published', can: own('author') },
        withdraw: { from: ['draft', 'published'], to: 'withdrawn' },
        remove_for_good: { from: 'withdrawn', to: 'withdrawn', can: administrator },
      },
      { index: true },
    ),
    updated_at: updatedAt(),
  },
  can: { read: anyone, create: signedIn, update: signedIn },
});
const press = app({ name: 'press', resources: { articles } });

eachPlace('transitions', (place) => {
  test('change a state at once, by their own rules, and nothing else does', async (t) => {
    const served = await serveApp(press, await place());
    t.after(() => served.close());
    const [ann, bob] = await Promise.all(['ann', 'bob'].map((name) => signUp(served, name)));
    const call = (method: string, path: string, token?: string, rest: object = {}) =>
      served.call(method, `/v1/articles${path}`, { token, ...rest });
    const created = await call('POST', '', ann, { body: { title: 'a' } });
    assert.partialDeepStrictEqual(created.body, { id: 1, status: 'draft' });
    assert.equal((await call('POST', '', ann, { body: { title: 'a', status: 'published' } })).status, 400);
    assert.equal((await call('PATCH', '/1', ann, { body: { status: 'published' } })).status, 400);

    assert.equal((await call('POST', '/1:publish')).status, 401);
    assert.equal((await call('POST', '/1:publish', bob)).status, 403);
    assert.equal((await call('POST', '/9:publish', ann)).status, 404);
    assert.equal((await call('POST', '/1:print', ann)).status, 405);
    const stale = { headers: { 'If-Match': '"0"' } };
    assert.equal((await call('POST', '/1:publish', ann, stale)).status, 412);
    const published = await call('POST', '/1:publish', ann, {
      headers: { 'If-Match': String(created.headers.get('etag')) },
    });
    assert.equal(published.status, 200);
    assert.partialDeepStrictEqual(published.body, { id: 1, title: 'a', status: 'published' });
    assert.notEqual(published.headers.get('etag'), created.headers.get('etag'));
    assert.equal((await call('GET', '/1')).headers.get('etag'), published.headers.get('etag'));

    const again = await call('POST', '/1:publish', ann);
    assert.partialDeepStrictEqual(again.body, {
      status: 409,
      code: 'illegal_transition',
      detail:
        'Row 1 of articles is published, from where publish is not possible. Possible now: withdraw (to withdrawn).',
    });
    const many = await Promise.all(Array.from({ length: 5 }, () => call('POST', '/1:withdraw', bob)));
    assert.deepEqual(many.map(({ status }) => status).sort(), [200, 409, 409, 409, 409]);
    assert.equal((await call('POST', '/1:remove_for_good', ann)).status, 403);
    assert.partialDeepStrictEqual((await call('GET', '?filter[status]=withdrawn&sort=status')).body, {
      items: [{ id: 1 }],
    });
    // A replacement leaves the state alone.
    const replaced = await call('PUT', '/1', ann, { body: { title: 'b' } });
    assert.partialDeepStrictEqual(replaced.body, { title: 'b', status: 'withdrawn' });
    const document = JSON.stringify((await served.call('GET', '/openapi.json')).body);
    assert.match(document, /"operationId":"publishArticle"/);
  });

  test('are called by code of the app, in its transaction', async (t) => {
    const { engine, close } = await serveApp(press, await place());
    t.after(close);
    const caller = { kind: 'administrator' } as const;
    const { id } = await engine.services.articles.create({ caller }, { title: 'a' });
    const row = await engine.services.articles.transition({ caller }, id, 'withdraw');
    assert.equal(row.status, 'withdrawn');
    await assert.rejects(engine.services.articles.transition({ caller }, id, 'publish'), {
      code: 'illegal_transition',
    });
  });
});

eachStore('transitions', (open) => {
  test('are kept in an export, and taken from one with its states', async () => {
    const { imported, exported } = await exchangeOf(press, 'articles', await open());
    assert.equal((await imported('ndjson', '{"title":"a"}')).rows, 1);
    assert.match(await exported('ndjson'), /"status":"draft"/);
  });
});

test('transitions name their states, and no name twice', () => {
  const wrong = [
    transitions(['a'], { go: { from: 'a', to: 'b' as 'a' } }),
    transitions(['a', 'b'], { Go: { from: 'a', to: 'b' } }),
    transitions(['a', 'b'], { move: { from: 'a', to: 'b' } }),
    transitions([], {}),
    transitions(['a', 'b'], { go: { from: 'a', to: 'b', who: anyone } as never }),
  ];
  for (const status of wrong)
    assert.throws(
      () => app({ name: 'a', resources: { r: resource({ fields: { status } }) } }),
      /^TypeError: a\.r\.status/,
    );
});

async function signUp(served: Awaited<ReturnType<typeof serveApp>>, username: string): Promise<string> {
  const body = { username, password: `a long password of ${username}` };
  await served.call('POST', '/v1/accounts', { body });
  const { body: session } = await served.call('POST', '/v1/sessions', { body });
  return (session as { access_token: string }).access_token;
}
