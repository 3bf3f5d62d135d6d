// Operations are taken in turn by caller: many slow ones of one caller keep no other waiting.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Caller } from '../../src/index.ts';
import { mix, openBakery } from '../jobs/bakery.ts';
import { eachStore } from '../stores.ts';

const callerOf = (key: string): Caller => ({ kind: 'key', account: null, key, scopes: null });

eachStore('operations of several callers', (open) => {
  it('leave room for others beside many slow ones of one caller', { timeout: 30_000 }, async () => {
    const slow = Promise.withResolvers<Record<string, never>>();
    const bakery = await openBakery(await open(), {
      bake: ({ row }) => (row.name === 'slow' ? slow.promise : Promise.resolve({})),
    });
    const running = bakery.start();
    const { operations } = running;
    for (let count = 0; count < 12; count += 1)
      await operations.start(callerOf('slow'), 'loaves', await mix(bakery, 'slow'), 'bake');
    const { id } = await operations.start(callerOf('other'), 'loaves', await mix(bakery), 'bake');
    const { signal } = new AbortController();
    let last = '';
    for await (const { operation } of await operations.events(callerOf('other'), id, { signal }))
      last = operation.state;
    assert.equal(last, 'succeeded');
    const { items } = await operations.list(callerOf('slow'), { state: 'running' });
    assert.equal(items.length, 4);
    slow.resolve({});
    await running.close();
  });

  it('alternate, however many one caller has enqueued', { timeout: 30_000 }, async () => {
    const order: string[] = [];
    const bakery = await openBakery(
      await open(),
      {
        bake: async ({ row }) => {
          order.push(row.name);
          return {};
        },
      },
      { concurrency: 1 },
    );
    const idle = bakery.start(false);
    for (let count = 0; count < 4; count += 1)
      await idle.operations.start(callerOf('many'), 'loaves', await mix(bakery, 'many'), 'bake');
    const last: string[] = [];
    for (const name of ['few', 'one'])
      last.push((await idle.operations.start(callerOf(name), 'loaves', await mix(bakery, name), 'bake')).id);
    const running = bakery.start();
    const { signal } = new AbortController();
    const { items } = await idle.operations.list(callerOf('many'), { state: 'queued' });
    for (const { id } of items)
      for await (const _ of await running.operations.events(callerOf('many'), id, { signal }));
    assert.deepEqual(order, ['many', 'few', 'one', 'many', 'many', 'many']);
    await running.close();
    await idle.close();
  });
});
