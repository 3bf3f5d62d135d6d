// A run that never ends, whatever its signal says, holds neither its operation nor a place among those that run at once.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Jobs } from '../../src/jobs/open-jobs.ts';
import { caller, createArticle, openLifecycleApp } from '../jobs/lifecycle-app.ts';
import { eachStore } from '../stores.ts';

const never = () => new Promise<never>(() => {});

async function ended({ operations }: Jobs, id: string) {
  const { signal } = new AbortController();
  for await (const { operation } of await operations.events(caller, id, { signal }))
    if (operation.finished_at !== null) return operation;
  throw new Error('the stream ended before the operation');
}

eachStore('a run that never ends', (open) => {
  it('is cancelled, and makes room for another', { timeout: 30_000 }, async () => {
    const began = Promise.withResolvers<void>();
    const opened = await openLifecycleApp(
      await open(),
      {
        approve: ({ row }) => {
          if (row.name !== 'stuck') return Promise.resolve({});
          began.resolve();
          return never();
        },
      },
      { concurrency: 1, grace: 0.05 },
    );
    const running = opened.start();
    const { id } = await running.operations.start(
      caller,
      'articles',
      await createArticle(opened, 'stuck'),
      'approve',
    );
    await began.promise;
    const next = await running.operations.start(caller, 'articles', await createArticle(opened), 'approve');
    await running.operations.cancel(caller, id);
    assert.equal((await ended(running, id)).state, 'cancelled');
    assert.equal((await ended(running, next.id)).state, 'succeeded');
    await running.close();
  });

  it('fails after its time in every attempt', { timeout: 30_000 }, async () => {
    const opened = await openLifecycleApp(
      await open(),
      { approve: never },
      { timeout: 0.05, grace: 0.05, attempts: 2 },
    );
    const running = opened.start();
    const { id } = await running.operations.start(caller, 'articles', await createArticle(opened), 'approve');
    const done = await ended(running, id);
    assert.deepEqual([done.state, done.attempts], ['failed', 2]);
    assert.match(done.error ?? '', /took longer than 0.05 s/);
    await running.close();
  });
});
