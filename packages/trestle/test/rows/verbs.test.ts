import assert from 'node:assert/strict';
import { before, it } from 'node:test';
import { VERSION } from 'trestle/contract';
import { eachStore } from '../stores.ts';
import { ann, anonymous, bob, openShop } from './shop.ts';

eachStore('single-row verbs', (open) => {
  let shop: Awaited<ReturnType<typeof openShop>>;
  before(async () => {
    shop = await openShop(await open());
  });

  it('creates a row with defaults and what the server sets', async () => {
    const row = await shop.products.create(ann, { name: 'lamp' });
    const { created_at, updated_at, ...rest } = row;
    assert.deepEqual(JSON.parse(JSON.stringify(rest)), {
      id: 1,
      name: 'lamp',
      price: null,
      sold: false,
      views: 0,
    });
    assert.match(created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.equal(updated_at, created_at);
    assert.equal(row[VERSION], 1);
  });

  it('refuses a body with what it wants said', async () => {
    await assert.rejects(shop.products.create(anonymous, { name: 'x' }), { code: 'unauthenticated' });
    await assert.rejects(shop.products.create(ann, JSON.parse('{"name":"x","id":9,"views":3}')), {
      code: 'unknown_field',
      data: { allowed: ['name', 'price', 'sold'] },
    });
    await assert.rejects(shop.products.create(ann, JSON.parse('{"price":-1}')), (problem: Problemlike) => {
      assert.deepEqual(problem.errors.map(({ pointer, code }) => [pointer, code]).sort(), [
        ['/name', 'required'],
        ['/price', 'minimum'],
      ]);
      return problem.code === 'invalid';
    });
    await assert.rejects(shop.products.create(ann, { name: 'x'.repeat(21) }), { code: 'invalid' });
    await shop.products.create(ann, { name: '😀'.repeat(20) });
  });

  it('names the field of a value that is taken', async () => {
    await assert.rejects(shop.products.create(ann, { name: 'lamp' }), (problem: Problemlike) => {
      assert.deepEqual(
        problem.errors.map(({ pointer, code }) => [pointer, code]),
        [['/name', 'taken']],
      );
      return problem.code === 'conflict';
    });
  });

  it('counts reads but not peeks, moving neither the version nor updated_at', async () => {
    const { id, updated_at } = await shop.products.create(ann, { name: 'counted' });
    await Promise.all(Array.from({ length: 40 }, () => shop.products.read(anonymous, id)));
    const row = await shop.products.read(anonymous, id);
    assert.equal(row.views, 41);
    assert.equal(row.updated_at, updated_at);
    assert.equal(row[VERSION], 1);
    assert.equal((await shop.products.peek(anonymous, id)).views, 41);
    assert.equal((await shop.products.patch(ann, id, { sold: true })).views, 0);
  });

  it('patches what is given, replaces the whole, and keeps what only the server sets', async () => {
    const { id, created_at } = await shop.products.create(ann, { name: 'desk', price: 5 });
    const patched = await shop.products.patch(bob, id, { sold: true });
    assert.deepEqual([patched.price, patched.sold, patched[VERSION]], [5, true, 2]);
    const replaced = await shop.products.replace(bob, id, { name: 'table' });
    assert.deepEqual(
      [replaced.name, replaced.price, replaced.sold, replaced.created_at],
      ['table', null, false, created_at],
    );
    await assert.rejects(shop.products.patch(ann, id, JSON.parse('{"name":null}')), { code: 'invalid' });
    assert.equal((await shop.products.peek(ann, id)).name, 'table');
  });

  it('writes only over the version that was read', async () => {
    const { id } = await shop.products.create(ann, { name: 'versioned' });
    await shop.products.patch(ann, id, { price: 1 }, { ifMatch: [1] });
    await assert.rejects(shop.products.patch(ann, id, { price: 2 }, { ifMatch: [1] }), {
      code: 'precondition_failed',
    });
    await assert.rejects(shop.products.remove(ann, id, { ifMatch: [7] }), { code: 'precondition_failed' });
    await shop.products.patch(ann, id, { price: 3 }, { ifMatch: '*' });
    const wins = await Promise.allSettled(
      Array.from({ length: 20 }, (_, price) => shop.products.patch(ann, id, { price }, { ifMatch: [3] })),
    );
    assert.equal(wins.filter(({ status }) => status === 'fulfilled').length, 1);
  });

  it('refers to rows that exist, fills nested defaults and turns instants to UTC', async () => {
    const { id } = await shop.products.create(ann, { name: 'chair' });
    const body = {
      title: 'good',
      product: id,
      points: [{ text: 'soft' }],
      seen_at: '2026-01-01T10:00:00+02:00',
    };
    const review = await shop.reviews.create(bob, body);
    assert.deepEqual(review.points, [{ text: 'soft', marks: [] }]);
    assert.equal(review.seen_at, '2026-01-01T08:00:00.000Z');
    assert.deepEqual([review.writer, review.last_writer], [2, 2]);
    assert.match(review.id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    await assert.rejects(shop.reviews.create(bob, { title: 'x', product: 999 }), (problem: Problemlike) => {
      assert.deepEqual(
        problem.errors.map(({ pointer, code }) => [pointer, code]),
        [['/product', 'reference']],
      );
      return true;
    });
    await shop.products.remove(ann, id);
    await assert.rejects(shop.reviews.read(bob, review.id), { code: 'not_found' });
  });

  it('lets only the author write, and answers 404 for rows that may not be read', async () => {
    const { id } = await shop.products.create(ann, { name: 'owned' });
    const review = await shop.reviews.create(ann, { title: 'mine', product: id });
    await assert.rejects(shop.reviews.patch(bob, review.id, { title: 'x' }), { code: 'forbidden' });
    await assert.rejects(shop.reviews.remove(anonymous, review.id), { code: 'unauthenticated' });
    const diary = await shop.diaries.create(ann, { entry: 'dear', mood: 'fine' });
    await assert.rejects(shop.diaries.read(bob, diary.id), { code: 'not_found' });
    await assert.rejects(shop.diaries.remove(bob, diary.id), { code: 'not_found' });
    await assert.rejects(shop.diaries.create(ann, { entry: 'dear' }), { code: 'invalid' });
    await assert.rejects(shop.locked.create(ann, { secret: 'x' }), { code: 'forbidden' });
    await assert.rejects(shop.locked.list(ann), { code: 'forbidden' });
  });

  it('answers 404 for what cannot be an id', async () => {
    for (const id of [0, -1, 1.5, 2 ** 53, Number.NaN])
      await assert.rejects(shop.products.read(ann, id), { code: 'not_found' });
    for (const id of ['', 'x', "1' or '1'='1"])
      await assert.rejects(shop.reviews.read(ann, id), { code: 'not_found' });
  });
});

interface Problemlike {
  code: string;
  errors: { pointer: string; code: string }[];
}
