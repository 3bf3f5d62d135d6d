import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { anyone, app, counter, integer, integerId, many, reference, resource, text } from 'trestle';
import { type Served, serveApp } from 'trestle/testing';
import { sameType } from '../../trestle/test/types/same-type.ts';
import { createClient, unwrap } from '../src/index.ts';

const can = { read: anyone, create: anyone, update: anyone, delete: anyone };
const writers = resource({ id: integerId(), fields: { name: text({ unique: true }) }, can });
const articles = resource({
  id: integerId(),
  fields: {
    title: text(),
    stars: integer({ default: 0, min: 0 }),
    views: counter(),
    writer: reference('writers', { nullable: true }),
    comments: many('comments', { by: 'article' }),
  },
  can,
});
const comments = resource({
  id: integerId(),
  fields: { text: text(), article: reference('articles') },
  can,
});
const press = app({ name: 'press', resources: { writers, articles, comments } });

let served: Served<{ writers: typeof writers; articles: typeof articles; comments: typeof comments }>;
before(async () => {
  served = await serveApp(press);
});
after(() => served.close());

test('selections, relations and writes of many are typed as they are answered', async () => {
  const client = createClient<typeof press>({ url: served.url });
  const { rows } = client;
  const ann = unwrap(await rows.writers.upsert('name', 'ann', {}));
  assert.deepEqual(unwrap(await rows.writers.upsert('name', 'ann', {})), ann);
  const made = unwrap(
    await rows.articles.createMany([
      { title: 'a', stars: 1, writer: ann.id },
      { title: 'b', stars: 5 },
    ]),
  );
  const [a] = made;
  assert.ok(a);
  for (const each of ['x', 'y', 'z']) unwrap(await rows.comments.create({ text: each, article: a.id }));

  const page = unwrap(
    await rows.articles.list({
      fields: ['title', 'writer'],
      filter: { writer: { name: { starts: 'a' } } },
      sort: ['-writer.name', 'stars:nullslast'],
      expand: {
        writer: { fields: ['name'] },
        comments: { limit: 2, sort: ['-id'], filter: { text: { ne: 'z' } } },
      },
    }),
  );
  const [first] = page.items;
  assert.ok(first);
  sameType<typeof first.title, string>(true);
  sameType<typeof first.expand.writer, ({ name: string; id: number } & unknown) | null>(true);
  assert.deepEqual(first, {
    id: a.id,
    title: 'a',
    writer: ann.id,
    expand: {
      writer: { id: ann.id, name: 'ann' },
      comments: [
        { id: 2, text: 'y', article: a.id },
        { id: 1, text: 'x', article: a.id },
      ],
    },
  });
  // @ts-expect-error it was not asked for
  first.stars;
  const one = unwrap(await rows.articles.get(a.id, { expand: { comments: { expand: { article: true } } } }));
  assert.equal(one.expand.comments[0]?.expand.article?.title, 'a');
  sameType<typeof one.stars, number>(true);

  assert.deepEqual(unwrap(await rows.articles.aggregate({ sum: ['stars'], count: true })).items, [
    { count: 2, sum: { stars: 6 } },
  ]);
  assert.equal(unwrap(await rows.articles.increment(a.id, { stars: 2, views: 1 })).stars, 3);
  const filter = { stars: { gte: 3 } };
  assert.deepEqual(unwrap(await rows.articles.patchMany({ filter, max: 5 }, { title: 'c' })), { count: 2 });
  const refused = await rows.articles.deleteMany({ filter, max: 1 });
  assert.ok(!refused.ok && refused.problem.code === 'invalid_query');

  // Never run.
  const wrong = async () => {
    // @ts-expect-error there is no such relation
    await rows.articles.list({ expand: { title: true } });
    // @ts-expect-error there is no such field
    await rows.articles.list({ fields: ['titel'] });
    // @ts-expect-error there is no such field there
    await rows.articles.list({ filter: { writer: { title: { eq: 'x' } } } });
    // @ts-expect-error there is no such field there
    await rows.articles.list({ sort: ['writer.title'] });
    // @ts-expect-error a title is no number
    await rows.articles.increment(1, { title: 1 });
  };
  assert.equal(typeof wrong, 'function');
});

test('a write whose answer is lost is sent again, and done once', async () => {
  let lost = 0;
  const keys = new Set<string | null>();
  const flaky: typeof fetch = async (input, init) => {
    const answer = await fetch(input, init);
    const key = new Headers(init?.headers).get('idempotency-key');
    if (key === null) return answer;
    keys.add(key);
    if (lost >= 2) return answer;
    lost += 1;
    await answer.arrayBuffer();
    throw new TypeError('the connection was lost');
  };
  const client = createClient<typeof press>({ url: served.url, fetch: flaky, maxDelay: 5 });
  const made = unwrap(await client.rows.writers.create({ name: 'lost' }));
  assert.equal(lost, 2);
  assert.equal(keys.size, 1);
  const found = unwrap(await client.rows.writers.list({ filter: { name: { eq: 'lost' } } }));
  assert.deepEqual(found.items, [made]);
  unwrap(await client.rows.writers.patch(made.id, { name: 'kept' }, { idempotencyKey: 'mine' }));
  assert.ok(keys.has('mine'));
});
