import assert from 'node:assert/strict';
import { once } from 'node:events';
import { it } from 'node:test';
import { type OperationEvent, type OperationView, Problem } from '../../src/contract.ts';
import { OperationError } from '../../src/index.ts';
import type { Jobs } from '../../src/jobs/open-jobs.ts';
import { eachStore } from '../stores.ts';
import {
  caller,
  createArticle,
  effectsOf,
  openLifecycleApp,
  type Run,
  recordEffect,
  statusOf,
} from './lifecycle-app.ts';

/** Waits for a state of an operation, by its events. */
async function reach(
  { operations }: Jobs,
  id: string,
  reached: (operation: OperationView) => boolean,
): Promise<OperationView> {
  const stop = new AbortController();
  for await (const { operation } of await operations.events(caller, id, { signal: stop.signal }))
    if (reached(operation)) return operation;
  throw new Error(`operation ${id} ended without coming to that`);
}

const begun = (open: Jobs, id: string) => reach(open, id, ({ state }) => state === 'running');
const ended = (open: Jobs, id: string) => reach(open, id, ({ finished_at }) => finished_at !== null);

const rejects = (code: string) => (error: unknown) => error instanceof Problem && error.code === code;

/** Run that goes on until it is told to stop. */
const untilStopped: Run = async ({ signal, progress }) => {
  progress(0.5, 'half way');
  if (!signal.aborted) await once(signal, 'abort');
  signal.throwIfAborted();
  return {};
};

eachStore('operations', (open) => {
  it('moves a row once its work is done, with the effect and the move written down', async () => {
    const opened = await openLifecycleApp(await open(), { approve: recordEffect });
    const id = await createArticle(opened);
    const running = opened.start();
    const accepted = await running.operations.start(caller, 'articles', id, 'approve');
    assert.equal(accepted.state, 'queued');
    assert.equal(accepted.row, id);
    const done = await ended(running, accepted.id);
    assert.equal(done.state, 'succeeded');
    assert.equal(done.progress, 1);
    assert.equal(done.attempts, 1);
    assert.deepEqual(done.result, { of: 'first' });
    assert.ok(done.started_at && done.finished_at && done.finished_at >= done.started_at);
    assert.equal(await statusOf(opened, id), 'Approved');
    assert.equal(await effectsOf(opened, id), 1);
    const [move] = (await running.operations.moves(caller, 'articles', id)).items;
    assert.deepEqual([move?.from, move?.to, move?.operation], ['Draft', 'Approved', accepted.id]);
    await running.close();
  });

  it('refuses an illegal move, listing the legal ones', async () => {
    const opened = await openLifecycleApp(await open(), {});
    const id = await createArticle(opened);
    const idle = opened.start(false);
    await assert.rejects(idle.operations.start(caller, 'articles', id, 'publish'), (error) => {
      assert.ok(error instanceof Problem);
      assert.equal(error.code, 'illegal_transition');
      assert.equal(error.data.state, 'Draft');
      assert.deepEqual(error.data.legal, [{ operation: 'approve', to: 'Approved' }]);
      return true;
    });
    await assert.rejects(idle.operations.start(caller, 'articles', 999, 'approve'), rejects('not_found'));
    await assert.rejects(idle.operations.start(caller, 'articles', id, 'unknown'), rejects('not_found'));
    await assert.rejects(idle.operations.start(caller, 'effects', id, 'approve'), rejects('not_found'));
    await idle.close();
  });

  it('lets one operation at a time be under way on a row, and names it to the others', async () => {
    const opened = await openLifecycleApp(await open(), {});
    const id = await createArticle(opened);
    const idle = opened.start(false);
    const tries = await Promise.allSettled(
      Array.from({ length: 8 }, () => idle.operations.start(caller, 'articles', id, 'approve')),
    );
    const accepted = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const refused = tries.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    assert.equal(accepted.length, 1);
    for (const problem of refused) {
      assert.equal(problem.code, 'conflict');
      assert.equal(problem.data.operation, accepted[0]?.id);
    }
    await idle.close();
  });

  it('streams progress, and resumes after the last event that was seen', async () => {
    const gate = Promise.withResolvers<void>();
    const opened = await openLifecycleApp(await open(), {
      approve: async ({ progress }) => {
        progress(0.25, 'waiting');
        await gate.promise;
        return {};
      },
    });
    const id = await createArticle(opened);
    const running = opened.start();
    const accepted = await running.operations.start(caller, 'articles', id, 'approve');
    const seen: OperationEvent[] = [];
    const stop = new AbortController();
    for await (const event of await running.operations.events(caller, accepted.id, { signal: stop.signal })) {
      seen.push(event);
      if (event.operation.message === 'waiting') break;
    }
    assert.equal(seen.at(-1)?.operation.progress, 0.25);
    const after = seen.at(-1)?.id ?? 0;
    gate.resolve();
    const rest: OperationEvent[] = [];
    for await (const event of await running.operations.events(caller, accepted.id, {
      after,
      signal: stop.signal,
    }))
      rest.push(event);
    assert.ok(rest.every((event) => event.id > after));
    assert.equal(rest.at(-1)?.operation.state, 'succeeded');
    await running.close();
  });

  it('tries again with growing pauses, then has failed, the row where it was', async () => {
    const attempts: number[] = [];
    const opened = await openLifecycleApp(
      await open(),
      {
        approve: async ({ attempt }) => {
          attempts.push(attempt);
          throw new OperationError(`the service is down (${attempt})`);
        },
      },
      { attempts: 3 },
    );
    const id = await createArticle(opened);
    const running = opened.start();
    const { id: operation } = await running.operations.start(caller, 'articles', id, 'approve');
    const done = await ended(running, operation);
    assert.deepEqual(attempts, [1, 2, 3]);
    assert.equal(done.state, 'failed');
    assert.equal(done.error, 'the service is down (3)');
    assert.equal(done.attempts, 3);
    assert.equal(await statusOf(opened, id), 'Draft');
    await running.close();
  });

  it('fails at once where another attempt cannot help, and keeps what is no business of callers to itself', async () => {
    const opened = await openLifecycleApp(
      await open(),
      {
        approve: async ({ row }) => {
          if (row.name === 'rejected') throw new OperationError('rejected', { retry: false });
          throw new Error('password=hunter2');
        },
      },
      { attempts: 1 },
    );
    const running = opened.start();
    const first = await running.operations.start(
      caller,
      'articles',
      await createArticle(opened, 'rejected'),
      'approve',
    );
    assert.equal((await ended(running, first.id)).error, 'rejected');
    const second = await running.operations.start(caller, 'articles', await createArticle(opened), 'approve');
    const done = await ended(running, second.id);
    assert.equal(done.state, 'failed');
    assert.doesNotMatch(done.error ?? '', /hunter2/);
    assert.equal(opened.failures.length, 1);
    await running.close();
  });

  it('cancels what is queued at once and what runs soon, the row where it was', async () => {
    const opened = await openLifecycleApp(await open(), { approve: untilStopped });
    const idle = opened.start(false);
    const waiting = await createArticle(opened);
    const queued = await idle.operations.start(caller, 'articles', waiting, 'approve');
    assert.equal((await idle.operations.cancel(caller, queued.id)).state, 'cancelled');
    const running = opened.start();
    const id = await createArticle(opened);
    const started = await running.operations.start(caller, 'articles', id, 'approve');
    await begun(running, started.id);
    await running.operations.cancel(caller, started.id);
    assert.equal((await ended(running, started.id)).state, 'cancelled');
    assert.equal(await statusOf(opened, id), 'Draft');
    assert.equal((await running.operations.cancel(caller, started.id)).state, 'cancelled');
    const again = await running.operations.start(caller, 'articles', id, 'approve');
    assert.notEqual(again.id, started.id);
    await running.operations.cancel(caller, again.id);
    await running.close();
    await idle.close();
  });

  it('never applies the effect of work that ends after it was cancelled', async () => {
    const arrival = Promise.withResolvers<void>();
    const opened = await openLifecycleApp(await open(), {
      approve: async (context) => {
        arrival.resolve();
        await once(context.signal, 'abort');
        return recordEffect(context);
      },
    });
    const id = await createArticle(opened);
    const running = opened.start();
    const { id: operation } = await running.operations.start(caller, 'articles', id, 'approve');
    await arrival.promise;
    await running.operations.cancel(caller, operation);
    assert.equal((await ended(running, operation)).state, 'cancelled');
    assert.equal(await statusOf(opened, id), 'Draft');
    assert.equal(await effectsOf(opened, id), 0);
    await running.close();
  });

  it('gives back what runs when it closes, and another takes it up without counting it as an attempt', async () => {
    let tries = 0;
    const opened = await openLifecycleApp(await open(), {
      approve: async (context) => {
        tries += 1;
        return tries === 1 ? untilStopped(context) : recordEffect(context);
      },
    });
    const id = await createArticle(opened);
    const first = opened.start();
    const { id: operation } = await first.operations.start(caller, 'articles', id, 'approve');
    await begun(first, operation);
    await first.close();
    const idle = opened.start(false);
    assert.equal((await idle.operations.read(caller, operation)).state, 'queued');
    const second = opened.start();
    const done = await ended(second, operation);
    assert.equal(done.state, 'succeeded');
    assert.equal(done.attempts, 1);
    assert.equal(tries, 2);
    await second.close();
    await idle.close();
  });

  it('refuses the effect of a run whose lease was taken over', async () => {
    const gate = Promise.withResolvers<void>();
    const opened = await openLifecycleApp(
      await open(),
      {
        approve: async (context) => {
          if (context.attempt === 1) await gate.promise;
          return recordEffect(context);
        },
      },
      // A heartbeat that never comes: the process that holds it stands still.
      { lease: 0.5, heartbeat: 3600 },
    );
    const id = await createArticle(opened);
    const stuck = opened.start();
    const { id: operation } = await stuck.operations.start(caller, 'articles', id, 'approve');
    await begun(stuck, operation);
    const other = opened.start();
    const done = await ended(other, operation);
    assert.equal(done.state, 'succeeded');
    assert.equal(done.attempts, 2);
    gate.resolve();
    await stuck.close();
    assert.equal(await effectsOf(opened, id), 1);
    assert.equal((await other.operations.moves(caller, 'articles', id)).items.length, 1);
    assert.deepEqual(await other.operations.read(caller, operation), done);
    await other.close();
  });

  it('ends what was interrupted in every attempt, and what was cancelled while nobody ran it', async () => {
    const opened = await openLifecycleApp(
      await open(),
      { approve: () => new Promise(() => {}) },
      {
        lease: 0.05,
        heartbeat: 3600,
        attempts: 2,
        concurrency: 100,
        closing: 0.01,
      },
    );
    const running = opened.start();
    const { id } = await running.operations.start(caller, 'articles', await createArticle(opened), 'approve');
    const done = await ended(running, id);
    assert.equal(done.state, 'failed');
    assert.equal(done.attempts, 2);
    assert.match(done.error ?? '', /interrupted 2 times/);
    await running.close();
  });

  it('runs a bounded number at once', async () => {
    let now = 0;
    let most = 0;
    const three = Promise.withResolvers<void>();
    const opened = await openLifecycleApp(
      await open(),
      {
        approve: async () => {
          now += 1;
          most = Math.max(most, now);
          if (now === 3) three.resolve();
          await three.promise;
          now -= 1;
          return {};
        },
      },
      { concurrency: 3 },
    );
    const running = opened.start();
    const ids = await Promise.all(Array.from({ length: 12 }, () => createArticle(opened)));
    const started = await Promise.all(
      ids.map((id) => running.operations.start(caller, 'articles', id, 'approve')),
    );
    for (const { id } of started) assert.equal((await ended(running, id)).state, 'succeeded');
    assert.equal(most, 3);
    await running.close();
  });

  it('fails where the row was moved by hand or deleted meanwhile', async () => {
    const gate = Promise.withResolvers<void>();
    const opened = await openLifecycleApp(await open(), {
      approve: async () => {
        await gate.promise;
        return {};
      },
    });
    const running = opened.start();
    const [moved, gone] = [await createArticle(opened), await createArticle(opened)];
    const first = await running.operations.start(caller, 'articles', moved, 'approve');
    const second = await running.operations.start(caller, 'articles', gone, 'approve');
    await begun(running, first.id);
    await begun(running, second.id);
    await running.operations.move(caller, 'articles', moved, {
      state: 'Published',
      body: { name: 'renamed' },
    });
    await opened.services.articles.remove({ caller }, gone);
    gate.resolve();
    assert.match((await ended(running, first.id)).error ?? '', /has become Published/);
    assert.match((await ended(running, second.id)).error ?? '', /deleted/);
    assert.equal((await opened.services.articles.peek({ caller }, moved)).name, 'renamed');
    const {
      items: [move],
    } = await running.operations.moves(caller, 'articles', moved);
    assert.deepEqual([move?.from, move?.to, move?.operation], ['Draft', 'Published', null]);
    await assert.rejects(
      running.operations.move(caller, 'articles', moved, { state: 'Approved', from: ['Draft'] }),
      rejects('illegal_transition'),
    );
    await assert.rejects(
      running.operations.move(caller, 'articles', moved, { state: 99 }),
      rejects('invalid'),
    );
    await running.close();
  });

  it('says that the first state is missing where somebody renamed it, and puts it back at start', async () => {
    const store = await open();
    const opened = await openLifecycleApp(store, {});
    await opened.services.statuses.patch({ caller: { kind: 'administrator' } }, 1, { name: 'Unknown' });
    await assert.rejects(createArticle(opened), (error) => {
      assert.ok(error instanceof Problem && error.code === 'conflict');
      assert.match(error.detail, /no state 'Draft' in statuses/);
      return true;
    });
    assert.equal(await statusOf(opened, await createArticle(await openLifecycleApp(store, {}))), 'Draft');
  });

  it('lists operations newest first, by row, state and part', async () => {
    const opened = await openLifecycleApp(await open(), {});
    const idle = opened.start(false);
    const articles = [await createArticle(opened), await createArticle(opened), await createArticle(opened)];
    const ids: string[] = [];
    for (const article of articles)
      ids.unshift((await idle.operations.start(caller, 'articles', article, 'approve')).id);
    const page = await idle.operations.list(caller, { resource: 'articles', limit: 2 });
    assert.deepEqual(
      page.items.map(({ id }) => id),
      ids.slice(0, 2),
    );
    const rest = await idle.operations.list(caller, {
      resource: 'articles',
      limit: 2,
      cursor: page.next ?? '',
    });
    assert.deepEqual(
      rest.items.map(({ id }) => id),
      ids.slice(2),
    );
    assert.equal(rest.next, null);
    assert.equal((await idle.operations.list(caller, { row: articles[0] ?? 0 })).items[0]?.id, ids[2]);
    assert.equal((await idle.operations.list(caller, { state: 'failed' })).items.length, 0);
    await assert.rejects(idle.operations.list(caller, { cursor: 'x' }), rejects('invalid_cursor'));
    await assert.rejects(idle.operations.read(caller, 'nonsense'), rejects('not_found'));
    await idle.close();
  });

  it('opens a bounded number of streams for one caller, and closes them when the reader leaves', async () => {
    const opened = await openLifecycleApp(await open(), {}, { streams: { perCaller: 2, all: 10 } });
    const idle = opened.start(false);
    const { id } = await idle.operations.start(caller, 'articles', await createArticle(opened), 'approve');
    const stop = new AbortController();
    const open2 = async () => {
      const stream = await idle.operations.events(caller, id, { signal: stop.signal });
      const iterator = stream[Symbol.asyncIterator]();
      assert.equal((await iterator.next()).done, false);
      return iterator;
    };
    const streams = [await open2(), await open2()];
    await assert.rejects(open2(), rejects('too_many_requests'));
    const last = streams.map((stream) => stream.next());
    stop.abort();
    for (const next of last) assert.equal((await next).done, true);
    await idle.operations.cancel(caller, id);
    await idle.close();
  });
});
