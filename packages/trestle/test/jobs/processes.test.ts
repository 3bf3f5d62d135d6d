import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { OperationView } from '../../src/index.ts';
import type { Jobs } from '../../src/jobs/open-jobs.ts';
import { eachPlace, type Place } from '../stores.ts';
import { type Baker, openKitchen, PROCESS_LIMITS, startBaker } from './bakers.ts';
import { type Bakery, baker, crumbsOf, mix, openBakery, stageOf } from './bakery.ts';

const OPERATIONS = Number(process.env.TRESTLE_TEST_OPERATIONS ?? 200);
/** Operations under way at once, and about how long each takes, in milliseconds. */
const LANES = 10;
const WORK = 150;
const KILLS = Number(process.env.TRESTLE_TEST_OPERATION_KILLS ?? 8);
/** Seconds from a kill to the next attempt: the lease and five more. */
const LATEST = (PROCESS_LIMITS.lease ?? 30) + 5;

const placeOf = ({ data, database }: Place) => database ?? join(data, 'bakery.db');

async function terminal(open: Jobs, id: string): Promise<OperationView> {
  for (;;) {
    const found = await open.operations.read(baker, id);
    if (found.finished_at !== null) return found;
    await pause(50);
  }
}

/** Accepts operations on loaves, each baked and then sold, keeping so many under way. */
async function workDay(bakery: Bakery, front: Jobs): Promise<Map<number, OperationView[]>> {
  const loaves = new Map<number, OperationView[]>();
  const oneLoaf = async () => {
    const id = await mix(bakery);
    const done: OperationView[] = [];
    loaves.set(id, done);
    for (const verb of ['bake', 'sell']) {
      const { id: operation } = await front.operations.start(baker, 'loaves', id, verb);
      done.push(await terminal(front, operation));
      if (done.at(-1)?.state !== 'succeeded') return;
    }
  };
  let left = OPERATIONS / 2;
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      await oneLoaf();
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return loaves;
}

/** How long each attempt that was killed waited for the next one, in seconds. */
function resumeDelays(bakers: readonly { baker: Baker; killed: number | undefined }[]): number[] {
  const said = bakers.flatMap(({ baker: { said: all } }) => all);
  const begins = said.filter(({ event }) => event === 'begin');
  return bakers.flatMap(({ baker: one, killed }) => {
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
    const store = await openKitchen(placeOf(at));
    const bakery = await openBakery(store, {}, PROCESS_LIMITS);
    const front = bakery.start(false);
    const together = at.database ? 3 : 1;
    const bakers: { baker: Baker; killed: number | undefined }[] = [];
    const hire = () => bakers.push({ baker: startBaker(placeOf(at), WORK), killed: undefined });
    for (let n = 0; n < together; n += 1) hire();
    const day = workDay(bakery, front);
    let over = false;
    void day.finally(() => {
      over = true;
    });
    let kills = 0;
    while (kills < KILLS && !over) {
      const working = bakers.filter(({ killed }) => killed === undefined);
      const one = working[Math.floor(Math.random() * working.length)];
      assert.ok(one);
      await Promise.race([one.baker.until(({ event }) => event === 'begin'), day]);
      await pause(Math.random() * 250);
      await one.baker.kill();
      one.killed = Date.now();
      kills += 1;
      hire();
    }
    const loaves = await day;
    for (const { baker: one, killed } of bakers) if (killed === undefined) await one.close();
    const delays = resumeDelays(bakers);
    const worst = Math.max(0, ...delays);
    for (const [loaf, operations] of loaves) {
      const succeeded = operations.filter(({ state }) => state === 'succeeded').length;
      for (const { state, error } of operations)
        assert.ok(
          state === 'succeeded' || /^It was interrupted 5 times/.test(error ?? ''),
          `${state}: ${error}`,
        );
      assert.equal(await crumbsOf(bakery, loaf), succeeded);
      assert.equal(await stageOf(bakery, loaf), ['Mixed', 'Baked', 'Sold'][succeeded]);
      assert.equal((await front.operations.moves(baker, 'loaves', loaf)).length, succeeded);
    }
    const all = [...loaves.values()].flat();
    t.diagnostic(
      `${all.length} operations, ${kills} kills of ${together}: ${delays.length} resumed, worst ${worst.toFixed(2)} s`,
    );
    assert.ok(kills >= Math.min(KILLS, 5) && delays.length > 0);
    assert.ok(worst <= LATEST, `resumed after ${worst} s`);
    await front.close();
    await store.close();
  });

  it('are refused their late effect when they stood still past their lease', {
    timeout: 60_000,
  }, async () => {
    const at = await place();
    const store = await openKitchen(placeOf(at));
    const bakery = await openBakery(store, {}, PROCESS_LIMITS);
    const front = bakery.start(false);
    const still = startBaker(placeOf(at), 300);
    const loaf = await mix(bakery);
    const { id } = await front.operations.start(baker, 'loaves', loaf, 'bake');
    await still.until(({ operation, event }) => operation === id && event === 'begin');
    still.child.kill('SIGSTOP');
    const other = startBaker(placeOf(at), 50);
    const done = await terminal(front, id);
    assert.equal(done.state, 'succeeded');
    assert.equal(done.attempts, 2);
    still.child.kill('SIGCONT');
    await still.until(({ operation, event }) => operation === id && event === 'end');
    await still.close();
    await other.close();
    assert.equal(await crumbsOf(bakery, loaf), 1);
    assert.equal((await front.operations.moves(baker, 'loaves', loaf)).length, 1);
    assert.deepEqual(await front.operations.read(baker, id), done);
    await front.close();
    await store.close();
  });
});
