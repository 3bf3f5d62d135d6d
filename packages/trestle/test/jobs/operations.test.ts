import assert from 'node:assert/strict';
import { once } from 'node:events';
import { it } from 'node:test';
import { OperationError, type OperationEvent, type OperationView, Problem } from '../../src/index.ts';
import type { Jobs } from '../../src/jobs/open-jobs.ts';
import { eachStore } from '../stores.ts';
import { baker, crumbsOf, leaveCrumb, mix, openBakery, stageOf, type Work } from './bakery.ts';

/** Waits for a state of an operation, by its events. */
async function reach(
  { operations }: Jobs,
  id: string,
  reached: (operation: OperationView) => boolean,
): Promise<OperationView> {
  const stop = new AbortController();
  for await (const { operation } of await operations.events(baker, id, { signal: stop.signal }))
    if (reached(operation)) return operation;
  throw new Error(`operation ${id} ended without coming to that`);
}

const begun = (open: Jobs, id: string) => reach(open, id, ({ state }) => state === 'running');
const ended = (open: Jobs, id: string) => reach(open, id, ({ finished_at }) => finished_at !== null);

const rejects = (code: string) => (error: unknown) => error instanceof Problem && error.code === code;

/** Work that goes on until it is told to stop. */
const untilStopped: Work = async ({ signal, progress }) => {
  progress(0.5, 'half way');
  if (!signal.aborted) await once(signal, 'abort');
  signal.throwIfAborted();
  return {};
};

eachStore('operations', (open) => {
  it('moves a row once its work is done, with the effect and the move written down', async () => {
    const bakery = await openBakery(await open(), { bake: leaveCrumb });
    const id = await mix(bakery);
    const running = bakery.start();
    const accepted = await running.operations.start(baker, 'loaves', id, 'bake');
    assert.equal(accepted.state, 'queued');
    assert.equal(accepted.row, id);
    const done = await ended(running, accepted.id);
    assert.equal(done.state, 'succeeded');
    assert.equal(done.progress, 1);
    assert.equal(done.attempts, 1);
    assert.deepEqual(done.result, { of: 'rye' });
    assert.ok(done.started_at && done.finished_at && done.finished_at >= done.started_at);
    assert.equal(await stageOf(bakery, id), 'Baked');
    assert.equal(await crumbsOf(bakery, id), 1);
    const moves = await running.operations.moves(baker, 'loaves', id);
    assert.deepEqual(
      moves.map(({ from, to, operation }) => ({ from, to, operation })),
      [{ from: 'Mixed', to: 'Baked', operation: accepted.id }],
    );
    await running.close();
  });

  it('refuses an illegal move, listing the legal ones', async () => {
    const bakery = await openBakery(await open(), {});
    const id = await mix(bakery);
    const idle = bakery.start(false);
    await assert.rejects(idle.operations.start(baker, 'loaves', id, 'sell'), (error) => {
      assert.ok(error instanceof Problem);
      assert.equal(error.code, 'illegal_transition');
      assert.equal(error.data.state, 'Mixed');
      assert.deepEqual(error.data.legal, [{ operation: 'bake', to: 'Baked' }]);
      return true;
    });
    await assert.rejects(idle.operations.start(baker, 'loaves', 999, 'bake'), rejects('not_found'));
    await assert.rejects(idle.operations.start(baker, 'loaves', id, 'eat'), rejects('not_found'));
    await assert.rejects(idle.operations.start(baker, 'crumbs', id, 'bake'), rejects('not_found'));
    await idle.close();
  });

  it('lets one operation at a time be under way on a row, and names it to the others', async () => {
    const bakery = await openBakery(await open(), {});
    const id = await mix(bakery);
    const idle = bakery.start(false);
    const tries = await Promise.allSettled(
      Array.from({ length: 8 }, () => idle.operations.start(baker, 'loaves', id, 'bake')),
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
    const bakery = await openBakery(await open(), {
      bake: async ({ progress }) => {
        progress(0.25, 'rising');
        await gate.promise;
        return {};
      },
    });
    const id = await mix(bakery);
    const running = bakery.start();
    const accepted = await running.operations.start(baker, 'loaves', id, 'bake');
    const seen: OperationEvent[] = [];
    const stop = new AbortController();
    for await (const event of await running.operations.events(baker, accepted.id, { signal: stop.signal })) {
      seen.push(event);
      if (event.operation.message === 'rising') break;
    }
    assert.equal(seen.at(-1)?.operation.progress, 0.25);
    const after = seen.at(-1)?.id ?? 0;
    gate.resolve();
    const rest: OperationEvent[] = [];
    for await (const event of await running.operations.events(baker, accepted.id, {
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
    const bakery = await openBakery(
      await open(),
      {
        bake: async ({ attempt }) => {
          attempts.push(attempt);
          throw new OperationError(`the oven is cold (${attempt})`);
        },
      },
      { attempts: 3 },
    );
    const id = await mix(bakery);
    const running = bakery.start();
    const { id: operation } = await running.operations.start(baker, 'loaves', id, 'bake');
    const done = await ended(running, operation);
    assert.deepEqual(attempts, [1, 2, 3]);
    assert.equal(done.state, 'failed');
    assert.equal(done.error, 'the oven is cold (3)');
    assert.equal(done.attempts, 3);
    assert.equal(await stageOf(bakery, id), 'Mixed');
    await running.close();
  });

  it('fails at once where another attempt cannot help, and keeps what is no business of callers to itself', async () => {
    const bakery = await openBakery(
      await open(),
      {
        bake: async ({ row }) => {
          if (row.name === 'burnt') throw new OperationError('burnt', { retry: false });
          throw new Error('password=hunter2');
        },
      },
      { attempts: 1 },
    );
    const running = bakery.start();
    const first = await running.operations.start(baker, 'loaves', await mix(bakery, 'burnt'), 'bake');
    assert.equal((await ended(running, first.id)).error, 'burnt');
    const second = await running.operations.start(baker, 'loaves', await mix(bakery), 'bake');
    const done = await ended(running, second.id);
    assert.equal(done.state, 'failed');
    assert.doesNotMatch(done.error ?? '', /hunter2/);
    assert.equal(bakery.failures.length, 1);
    await running.close();
  });

  it('cancels what is queued at once and what runs soon, the row where it was', async () => {
    const bakery = await openBakery(await open(), { bake: untilStopped });
    const idle = bakery.start(false);
    const waiting = await mix(bakery);
    const queued = await idle.operations.start(baker, 'loaves', waiting, 'bake');
    assert.equal((await idle.operations.cancel(baker, queued.id)).state, 'cancelled');
    const running = bakery.start();
    const id = await mix(bakery);
    const started = await running.operations.start(baker, 'loaves', id, 'bake');
    await begun(running, started.id);
    await running.operations.cancel(baker, started.id);
    assert.equal((await ended(running, started.id)).state, 'cancelled');
    assert.equal(await stageOf(bakery, id), 'Mixed');
    assert.equal((await running.operations.cancel(baker, started.id)).state, 'cancelled');
    const again = await running.operations.start(baker, 'loaves', id, 'bake');
    assert.notEqual(again.id, started.id);
    await running.operations.cancel(baker, again.id);
    await running.close();
    await idle.close();
  });

  it('never applies the effect of work that ends after it was cancelled', async () => {
    const arrival = Promise.withResolvers<void>();
    const bakery = await openBakery(await open(), {
      bake: async (context) => {
        arrival.resolve();
        await once(context.signal, 'abort');
        return leaveCrumb(context);
      },
    });
    const id = await mix(bakery);
    const running = bakery.start();
    const { id: operation } = await running.operations.start(baker, 'loaves', id, 'bake');
    await arrival.promise;
    await running.operations.cancel(baker, operation);
    assert.equal((await ended(running, operation)).state, 'cancelled');
    assert.equal(await stageOf(bakery, id), 'Mixed');
    assert.equal(await crumbsOf(bakery, id), 0);
    await running.close();
  });

  it('gives back what runs when it closes, and another takes it up without counting it as an attempt', async () => {
    let tries = 0;
    const bakery = await openBakery(await open(), {
      bake: async (context) => {
        tries += 1;
        return tries === 1 ? untilStopped(context) : leaveCrumb(context);
      },
    });
    const id = await mix(bakery);
    const first = bakery.start();
    const { id: operation } = await first.operations.start(baker, 'loaves', id, 'bake');
    await begun(first, operation);
    await first.close();
    const idle = bakery.start(false);
    assert.equal((await idle.operations.read(baker, operation)).state, 'queued');
    const second = bakery.start();
    const done = await ended(second, operation);
    assert.equal(done.state, 'succeeded');
    assert.equal(done.attempts, 1);
    assert.equal(tries, 2);
    await second.close();
    await idle.close();
  });

  it('refuses the effect of a run whose lease was taken over', async () => {
    const gate = Promise.withResolvers<void>();
    const bakery = await openBakery(
      await open(),
      {
        bake: async (context) => {
          if (context.attempt === 1) await gate.promise;
          return leaveCrumb(context);
        },
      },
      // A heartbeat that never comes: the process that holds it stands still.
      { lease: 0.5, heartbeat: 3600 },
    );
    const id = await mix(bakery);
    const stuck = bakery.start();
    const { id: operation } = await stuck.operations.start(baker, 'loaves', id, 'bake');
    await begun(stuck, operation);
    const other = bakery.start();
    const done = await ended(other, operation);
    assert.equal(done.state, 'succeeded');
    assert.equal(done.attempts, 2);
    gate.resolve();
    await stuck.close();
    assert.equal(await crumbsOf(bakery, id), 1);
    assert.equal((await other.operations.moves(baker, 'loaves', id)).length, 1);
    assert.deepEqual(await other.operations.read(baker, operation), done);
    await other.close();
  });

  it('ends what was interrupted in every attempt, and what was cancelled while nobody ran it', async () => {
    const bakery = await openBakery(
      await open(),
      { bake: () => new Promise(() => {}) },
      {
        lease: 0.05,
        heartbeat: 3600,
        attempts: 2,
        concurrency: 100,
        closing: 0.01,
      },
    );
    const running = bakery.start();
    const { id } = await running.operations.start(baker, 'loaves', await mix(bakery), 'bake');
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
    const bakery = await openBakery(
      await open(),
      {
        bake: async () => {
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
    const running = bakery.start();
    const ids = await Promise.all(Array.from({ length: 12 }, () => mix(bakery)));
    const started = await Promise.all(ids.map((id) => running.operations.start(baker, 'loaves', id, 'bake')));
    for (const { id } of started) assert.equal((await ended(running, id)).state, 'succeeded');
    assert.equal(most, 3);
    await running.close();
  });

  it('fails where the row was moved by hand or deleted meanwhile', async () => {
    const gate = Promise.withResolvers<void>();
    const bakery = await openBakery(await open(), {
      bake: async () => {
        await gate.promise;
        return {};
      },
    });
    const running = bakery.start();
    const [moved, gone] = [await mix(bakery), await mix(bakery)];
    const first = await running.operations.start(baker, 'loaves', moved, 'bake');
    const second = await running.operations.start(baker, 'loaves', gone, 'bake');
    await begun(running, first.id);
    await begun(running, second.id);
    await running.operations.move(baker, 'loaves', moved, { state: 'Sold', body: { name: 'gone stale' } });
    await bakery.services.loaves.remove({ caller: baker }, gone);
    gate.resolve();
    assert.match((await ended(running, first.id)).error ?? '', /has become Sold/);
    assert.match((await ended(running, second.id)).error ?? '', /deleted/);
    assert.equal((await bakery.services.loaves.peek({ caller: baker }, moved)).name, 'gone stale');
    const [move] = await running.operations.moves(baker, 'loaves', moved);
    assert.deepEqual([move?.from, move?.to, move?.operation], ['Mixed', 'Sold', null]);
    await assert.rejects(
      running.operations.move(baker, 'loaves', moved, { state: 'Baked', from: ['Mixed'] }),
      rejects('illegal_transition'),
    );
    await assert.rejects(running.operations.move(baker, 'loaves', moved, { state: 99 }), rejects('invalid'));
    await running.close();
  });

  it('says that the first state is missing where somebody renamed it, and puts it back at start', async () => {
    const store = await open();
    const bakery = await openBakery(store, {});
    await bakery.services.stages.patch({ caller: { kind: 'administrator' } }, 1, { name: 'Kneaded' });
    await assert.rejects(mix(bakery), (error) => {
      assert.ok(error instanceof Problem && error.code === 'conflict');
      assert.match(error.detail, /no state 'Mixed' in stages/);
      return true;
    });
    assert.equal(await stageOf(bakery, await mix(await openBakery(store, {}))), 'Mixed');
  });

  it('lists operations newest first, by row, state and part', async () => {
    const bakery = await openBakery(await open(), {});
    const idle = bakery.start(false);
    const loaves = [await mix(bakery), await mix(bakery), await mix(bakery)];
    const ids: string[] = [];
    for (const loaf of loaves) ids.unshift((await idle.operations.start(baker, 'loaves', loaf, 'bake')).id);
    const page = await idle.operations.list(baker, { resource: 'loaves', limit: 2 });
    assert.deepEqual(
      page.items.map(({ id }) => id),
      ids.slice(0, 2),
    );
    const rest = await idle.operations.list(baker, { resource: 'loaves', limit: 2, cursor: page.next ?? '' });
    assert.deepEqual(
      rest.items.map(({ id }) => id),
      ids.slice(2),
    );
    assert.equal(rest.next, null);
    assert.equal((await idle.operations.list(baker, { row: loaves[0] ?? 0 })).items[0]?.id, ids[2]);
    assert.equal((await idle.operations.list(baker, { state: 'failed' })).items.length, 0);
    await assert.rejects(idle.operations.list(baker, { cursor: 'x' }), rejects('invalid_cursor'));
    await assert.rejects(idle.operations.read(baker, 'nonsense'), rejects('not_found'));
    await idle.close();
  });

  it('opens a bounded number of streams for one caller, and closes them when the reader leaves', async () => {
    const bakery = await openBakery(await open(), {}, { streams: { perCaller: 2, all: 10 } });
    const idle = bakery.start(false);
    const { id } = await idle.operations.start(baker, 'loaves', await mix(bakery), 'bake');
    const stop = new AbortController();
    const open2 = async () => {
      const stream = await idle.operations.events(baker, id, { signal: stop.signal });
      const iterator = stream[Symbol.asyncIterator]();
      assert.equal((await iterator.next()).done, false);
      return iterator;
    };
    const streams = [await open2(), await open2()];
    await assert.rejects(open2(), rejects('too_many_requests'));
    const last = streams.map((stream) => stream.next());
    stop.abort();
    for (const next of last) assert.equal((await next).done, true);
    await idle.operations.cancel(baker, id);
    await idle.close();
  });
});
