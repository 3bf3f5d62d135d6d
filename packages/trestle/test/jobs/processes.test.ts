import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import type { OperationView } from '../../src/contract.ts';
import type { Jobs } from '../../src/jobs/open-jobs.ts';
import { eachPlace, type Place } from '../stores.ts';
import { moment, until } from '../until.ts';
import {
  caller,
  createArticle,
  effectsOf,
  type LifecycleApp,
  openLifecycleApp,
  statusOf,
} from './lifecycle-app.ts';
import { openSharedStore, PROCESS_LIMITS, startWorker, type WorkerProcess } from './worker-processes.ts';

const OPERATIONS = Number(process.env.TRESTLE_TEST_OPERATIONS ?? 100);
/** Operations under way at once, and about how long each takes, in milliseconds. */
const LANES = 10;
const DURATION_MS = 150;
const KILLS = Number(process.env.TRESTLE_TEST_OPERATION_KILLS ?? 6);
/** Seconds from a kill to the next attempt: the lease and a minute for a busy machine. */
const LATEST = (PROCESS_LIMITS.lease ?? 30) + 60;

const placeOf = ({ data, database }: Place) => database ?? join(data, 'articles.db');

async function terminal(open: Jobs, id: string): Promise<OperationView> {
  const ended = async () => {
    const found = await open.operations.read(caller, id);
    return found.finished_at !== null && found;
  };
  return until(ended, { timeoutMs: 60_000, everyMs: 50 });
}

/** Accepts operations on articles, each approved and then published, and keeps some under way until it may end. */
async function runOperations(
  opened: LifecycleApp,
  front: Jobs,
  mayEnd: () => boolean,
): Promise<Map<number, OperationView[]>> {
  const articles = new Map<number, OperationView[]>();
  const oneArticle = async () => {
    const id = await createArticle(opened);
    const done: OperationView[] = [];
    articles.set(id, done);
    for (const verb of ['approve', 'publish']) {
      const { id: operation } = await front.operations.start(caller, 'articles', id, verb);
      done.push(await terminal(front, operation));
      if (done.at(-1)?.state !== 'succeeded') return;
    }
  };
  let left = OPERATIONS / 2;
  const lane = async () => {
    while (left > 0 || !mayEnd()) {
      left -= 1;
      await oneArticle();
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return articles;
}

/** How long each attempt that was killed waited for the next one, in seconds. */
function resumeDelays(workers: readonly { worker: WorkerProcess; killed: number | undefined }[]): number[] {
  const said = workers.flatMap(({ worker: { said: all } }) => all);
  const begins = said.filter(({ event }) => event === 'begin');
  return workers.flatMap(({ worker: one, killed }) => {
    if (killed === undefined) return [];
    const ended = new Set(one.said.filter(({ event }) => event === 'end').map(({ operation }) => operation));
    const cut = one.said.filter(({ event, operation }) => event === 'begin' && !ended.has(operation));
    return cut.flatMap(({ operation, fence }) => {
      const next = begins.find((begin) => begin.operation === operation && begin.fence === fence + 1);
      return next ? [(next.at - killed) / 1000] : [];
    });
  });
}

eachPlace('operations whose processes are killed', (place) => {
  it('all come to an end, none applied twice', { timeout: 120_000 }, async (t) => {
    const at = await place();
    const store = await openSharedStore(placeOf(at));
    const opened = await openLifecycleApp(store, {}, PROCESS_LIMITS);
    const front = opened.start(false);
    const together = at.database ? 3 : 1;
    const workers: { worker: WorkerProcess; killed: number | undefined }[] = [];
    t.after(async () => {
      for (const { worker: one, killed } of workers) if (killed === undefined) await one.kill();
      await front.close();
      await store.close();
    });
    const startOne = () => workers.push({ worker: startWorker(placeOf(at), DURATION_MS), killed: undefined });
    for (let n = 0; n < together; n += 1) startOne();
    let kills = 0;
    const finished = runOperations(opened, front, () => kills >= KILLS);
    while (kills < KILLS) {
      const working = workers.filter(({ killed }) => killed === undefined);
      const one = working[Math.floor(Math.random() * working.length)];
      assert.ok(one);
      await Promise.race([one.worker.untilBusy(), finished]);
      await moment(DURATION_MS / 2);
      await one.worker.kill();
      one.killed = Date.now();
      kills += 1;
      startOne();
    }
    const articles = await finished;
    for (const { worker: one, killed } of workers) if (killed === undefined) await one.close();
    const delays = resumeDelays(workers);
    const worst = Math.max(0, ...delays);
    for (const [article, operations] of articles) {
      const succeeded = operations.filter(({ state }) => state === 'succeeded').length;
      for (const { state, error } of operations)
        assert.ok(
          state === 'succeeded' || /^It was interrupted 5 times/.test(error ?? ''),
          `${state}: ${error}`,
        );
      assert.equal(await effectsOf(opened, article), succeeded);
      assert.equal(await statusOf(opened, article), ['Draft', 'Approved', 'Published'][succeeded]);
      assert.equal((await front.operations.moves(caller, 'articles', article)).items.length, succeeded);
    }
    const all = [...articles.values()].flat();
    t.diagnostic(
      `${all.length} operations, ${kills} kills of ${together}: ${delays.length} resumed, worst ${worst.toFixed(2)} s`,
    );
    assert.ok(delays.length > 0, 'no attempt was under way when its process was killed');
    assert.ok(worst <= LATEST, `resumed after ${worst} s`);
  });

  it('are refused their late effect when they stood still past their lease', {
    timeout: 60_000,
  }, async (t) => {
    const at = await place();
    const store = await openSharedStore(placeOf(at));
    const opened = await openLifecycleApp(store, {}, PROCESS_LIMITS);
    const front = opened.start(false);
    const workers: WorkerProcess[] = [];
    t.after(async () => {
      for (const one of workers) await one.kill();
      await front.close();
      await store.close();
    });
    const still = startWorker(placeOf(at), 300);
    workers.push(still);
    const article = await createArticle(opened);
    const { id } = await front.operations.start(caller, 'articles', article, 'approve');
    await still.until(({ operation, event }) => operation === id && event === 'begin');
    still.child.kill('SIGSTOP');
    const other = startWorker(placeOf(at), 50);
    workers.push(other);
    const done = await terminal(front, id);
    assert.equal(done.state, 'succeeded');
    assert.equal(done.attempts, 2);
    still.child.kill('SIGCONT');
    await still.until(({ operation, event }) => operation === id && event === 'end');
    await still.close();
    await other.close();
    assert.equal(await effectsOf(opened, article), 1);
    assert.equal((await front.operations.moves(caller, 'articles', article)).items.length, 1);
    assert.deepEqual(await front.operations.read(caller, id), done);
  });
});
