// Operations are taken in turn by caller: many slow ones of one caller keep no other waiting.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Caller } from '../../src/contract.ts';
import { createArticle, openLifecycleApp } from '../jobs/lifecycle-app.ts';
import { eachStore } from '../stores.ts';

const callerOf = (key: string): Caller => ({ kind: 'key', account: null, key, scopes: null });

eachStore('operations of several callers', (open) => {
  it('leave room for others beside many slow ones of one caller', { timeout: 30_000 }, async () => {
    const slow = Promise.withResolvers<Record<string, never>>();
    const opened = await openLifecycleApp(await open(), {
      approve: ({ row }) => (row.name === 'slow' ? slow.promise : Promise.resolve({})),
    });
    const running = opened.start();
    const { operations } = running;
    for (let count = 0; count < 12; count += 1)
      await operations.start(callerOf('slow'), 'articles', await createArticle(opened, 'slow'), 'approve');
    const { id } = await operations.start(
      callerOf('other'),
      'articles',
      await createArticle(opened),
      'approve',
    );
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
    const opened = await openLifecycleApp(
      await open(),
      {
        approve: async ({ row }) => {
          order.push(row.name);
          return {};
        },
      },
      { concurrency: 1 },
    );
    const idle = opened.start(false);
    for (let count = 0; count < 4; count += 1)
      await idle.operations.start(
        callerOf('many'),
        'articles',
        await createArticle(opened, 'many'),
        'approve',
      );
    const last: string[] = [];
    for (const name of ['few', 'one'])
      last.push(
        (
          await idle.operations.start(
            callerOf(name),
            'articles',
            await createArticle(opened, name),
            'approve',
          )
        ).id,
      );
    const running = opened.start();
    const { signal } = new AbortController();
    const { items } = await idle.operations.list(callerOf('many'), { state: 'queued' });
    for (const { id } of items)
      for await (const _ of await running.operations.events(callerOf('many'), id, { signal }));
    assert.deepEqual(order, ['many', 'few', 'one', 'many', 'many', 'many']);
    await running.close();
    await idle.close();
  });
});
