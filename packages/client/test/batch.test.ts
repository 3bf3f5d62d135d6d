import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { anyone, app, integer, integerId, reference, references, resource, text } from 'trestle';
import { type Served, serveApp } from 'trestle/testing';
import { sameType } from '../../trestle/test/types/same-type.ts';
import { type Client, createClient, type Result, unwrap } from '../src/index.ts';

const can = { read: anyone, create: anyone, update: anyone, delete: anyone };
const id = integerId();
const resources = {
  customers: resource({ id, fields: { name: text({ unique: true }), tags: references('tags') }, can }),
  tags: resource({ id, fields: { word: text() }, can }),
  orders: resource({
    id,
    fields: { customer: reference('customers'), state: text({ default: 'open' }) },
    can,
  }),
  lines: resource({
    id,
    fields: { order: reference('orders'), sku: text({ min: 1 }), amount: integer({ default: 1, min: 0 }) },
    can,
  }),
};
const shop = app({ name: 'shop', resources });

let served: Served<typeof resources>;
let client: Client<typeof shop>;
const sent: string[] = [];
before(async () => {
  served = await serveApp(shop);
  client = createClient<typeof shop>({
    url: served.url,
    fetch: (input, init) => {
      sent.push(`${init?.method} ${String(input).slice(served.url.length)}`);
      return fetch(input, init);
    },
  });
});
after(() => served.close());

test('a batch is one request, whose items refer to each other and keep their types', async () => {
  sent.length = 0;
  const made = unwrap(
    await client.batch(({ customers, orders, lines, tags }) => {
      const tag = tags.create({ word: 'new' });
      const customer = customers.upsert('name', 'ann', {});
      const order = orders.create({ customer: customer.id });
      const line = lines.create({ order: order.id, sku: 'a1' });
      lines.increment(line.id, { amount: 4 });
      return {
        tag,
        order,
        lines: [line, lines.get(line.id)],
        closed: orders.patch(order.id, { state: 'closed' }),
      };
    }),
  );
  assert.deepEqual(sent, ['POST /v1/batch']);
  sameType<typeof made.tag.word, string>(true);
  sameType<typeof made.order.customer, number>(true);
  const { order } = made;
  assert.deepEqual(made.closed, { id: order.id, customer: order.customer, state: 'closed' });
  assert.deepEqual(
    made.lines.map(({ amount }) => amount),
    [1, 5],
  );
  // The versions that the batch left are known: no 412, and no second request.
  unwrap(await client.rows.orders.patch(order.id, { state: 'paid' }));
  assert.deepEqual(sent, ['POST /v1/batch', `PATCH /v1/orders/${order.id}`]);
});

test('all or none: the first problem names its place', async () => {
  const before = unwrap(await client.rows.tags.list({ count: 'exact' })).total;
  const failed = await client.batch(({ tags, lines }) => [
    tags.create({ word: 'lost' }),
    lines.create({ order: 1, sku: '' }),
  ]);
  assert.ok(!failed.ok && failed.problem.code === 'invalid');
  assert.equal(failed.problem.errors?.[0]?.pointer, '/requests/1/body/sku');
  assert.equal(unwrap(await client.rows.tags.list({ count: 'exact' })).total, before);
});

test('each by itself: results and problems in their places, a conflict with both rows', async () => {
  const kept = unwrap(await client.rows.tags.create({ word: 'kept' }));
  const other = createClient<typeof shop>({ url: served.url });
  unwrap(await other.rows.tags.patch(kept.id, { word: 'theirs' }));
  const results = unwrap(
    await client.batch(
      ({ tags }) => ({
        good: tags.createMany([{ word: 'x' }, { word: 'y' }]),
        bad: tags.get(999_999),
        late: tags.patch(kept.id, { word: 'mine' }),
        forced: tags.patch(kept.id, { word: 'forced' }, { version: 'any' }),
        gone: tags.delete(kept.id, { version: 'any' }),
      }),
      { atomic: false },
    ),
  );
  sameType<typeof results.bad, Result<{ id: number; word: string }>>(true);
  assert.deepEqual(
    unwrap(results.good).map(({ word }) => word),
    ['x', 'y'],
  );
  assert.ok(!results.bad.ok && results.bad.problem.code === 'not_found');
  assert.ok(!results.late.ok && results.late.problem.code === 'precondition_failed');
  assert.equal(unwrap(results.forced).word, 'forced');
  assert.equal(unwrap(results.gone), undefined);
});

test('what looks like a reference in a value is a value', async () => {
  const [tag, found] = unwrap(
    await client.batch(({ tags, customers }) => {
      const tag = tags.create({ word: 'real' });
      return [tag, customers.upsert('name', '{r0.word}', {})] as const;
    }),
  );
  assert.deepEqual([tag.word, found.name], ['real', '{r0.word}']);
});

test('filters reach what rows refer to, however far, and find one of many', async () => {
  const tag = unwrap(await client.rows.tags.create({ word: 'vip' }));
  const { lines } = unwrap(
    await client.batch(({ customers, orders, lines }) => {
      const customer = customers.create({ name: 'bob', tags: [tag.id] });
      const order = orders.create({ customer: customer.id });
      return { lines: [lines.create({ order: order.id, sku: 'b1' })] };
    }),
  );
  const filter = {
    order: { customer: { name: { starts: 'b' }, tags: { has: tag.id } }, state: { eq: 'open' } },
  };
  const found = unwrap(await client.rows.lines.list({ filter, sort: ['-order.id'] }));
  assert.deepEqual(found.items, lines);
  assert.equal(
    unwrap(await client.rows.customers.list({ filter: { tags: { has: tag.id } } })).items.length,
    1,
  );

  // Never run.
  const wrong = async () => {
    // @ts-expect-error there is no such field there
    await client.rows.lines.list({ filter: { order: { customer: { title: { eq: 'x' } } } } });
    // @ts-expect-error an id is a number
    await client.rows.customers.list({ filter: { tags: { has: 'x' } } });
    // @ts-expect-error an array has no other condition
    await client.rows.customers.list({ filter: { tags: { eq: 1 } } });
    await client.batch(({ orders, lines, customers }) => {
      const customer = customers.create({ name: 'x' });
      // @ts-expect-error a name is no reference to a customer
      orders.create({ customer: customer.name });
      // @ts-expect-error there is no such member
      customer.title;
      // @ts-expect-error an sku is needed
      return lines.create({ order: 7 });
    });
  };
  assert.equal(typeof wrong, 'function');
});
