// Event streams give back their slot on every path: read to the end, left after the last event, never read, never resumed.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { operationEvents, Problem } from '../../src/contract.ts';
import { caller, createArticle, openLifecycleApp } from '../jobs/lifecycle-app.ts';
import { eachStore } from '../stores.ts';

const TIMES = 5;

eachStore('the slots of event streams', (open) => {
  it('are free again', { timeout: 30_000 }, async () => {
    const opened = await openLifecycleApp(await open(), {}, { streams: { perCaller: 1, all: 10 } });
    const idle = opened.start(false);
    const { operations } = idle;
    const { id } = await operations.start(caller, 'articles', await createArticle(opened), 'approve');
    await operations.cancel(caller, id);
    const { signal } = new AbortController();
    for (let time = 0; time < TIMES; time += 1) {
      // The one event of an ended operation, and nothing read after it.
      const stream = (await operations.events(caller, id, { signal }))[Symbol.asyncIterator]();
      assert.equal((await stream.next()).done, false);
    }
    for (let time = 0; time < TIMES; time += 1) {
      const stream = await operations.events(caller, id, { signal });
      await stream[Symbol.asyncIterator]().return?.();
    }
    for (let time = 0; time < TIMES; time += 1) {
      // Never read: its reader goes away.
      const left = new AbortController();
      await operations.events(caller, id, { signal: left.signal });
      left.abort();
    }
    for (let time = 0; time < TIMES; time += 1) {
      const request = { caller: caller, headers: {}, signal, method: 'GET' };
      const { status } = await operationEvents(operations, request, id);
      assert.equal(status, 200);
    }
    for (let time = 0; time < TIMES; time += 1) {
      // A client that has seen the last event is told to stay away.
      const request = { caller: caller, headers: { 'last-event-id': '1000' }, signal, method: 'GET' };
      assert.equal((await operationEvents(operations, request, id)).status, 204);
    }
    const held = await operations.events(caller, id, { signal });
    await assert.rejects(
      operations.events(caller, id, { signal }),
      (error) => error instanceof Problem && error.code === 'too_many_requests',
    );
    for await (const _ of held);
    await idle.close();
  });
});
