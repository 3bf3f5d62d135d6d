import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accountResources } from '../../src/accounts/resources.ts';
import { sourceOf, THROTTLE, Throttle } from '../../src/accounts/throttling/throttle.ts';
import { sql } from '../../src/database/sql.ts';
import { statement } from '../../src/database/statement.ts';
import type { Store } from '../../src/database/store.ts';
import type { Problem } from '../../src/problems.ts';
import { compileSystemModels } from '../../src/rows/system-tables.ts';
import { accounts } from '../../src/schema/accounts.ts';
import { integerId } from '../../src/schema/id.ts';
import { eachStore } from '../stores.ts';
import { clock, FROM_HERE, openDemo } from './opened.ts';
import { raises } from './raises.ts';

const declared = accounts({ id: integerId() });

/** A throttle over a store with accounts 1 and 2; names that are no number have no account. */
async function opened(store: Store, time = clock()) {
  const demo = await openDemo(store, { accounts: { id: integerId(), password: false } });
  for (const username of ['ann', 'bob']) await demo.accounts.signUp(FROM_HERE, { username });
  await store.write(async (transaction) => {
    await transaction.all(statement(store.dialect, sql`delete from ${sql.table('_trestle_attempts')}`), []);
  });
  const throttle = new Throttle({
    store,
    model: compileSystemModels(accountResources(declared), declared, store).attempts,
    key: Buffer.alloc(32, 7),
    limits: THROTTLE,
    now: time.now,
    monotonic: time.now,
  });
  let peer = 0;
  /** Another source each time, so that sources do not matter. */
  const elsewhere = () => {
    peer += 1;
    return `198.51.${Math.floor(peer / 250)}.${peer % 250}`;
  };
  const begin = (who: string | number, source: string) =>
    throttle.signIn(`n:${who}`, typeof who === 'number' ? who : undefined, source);
  const fail = async (who: string | number, source = elsewhere()) => (await begin(who, source)).end('failed');
  const succeed = async (who: string | number, source = elsewhere()) => {
    const attempt = await begin(who, source);
    await store.write((transaction) => attempt.store(transaction));
    attempt.end('succeeded');
  };
  const refused = (who: string | number, source = elsewhere()) =>
    raises('too_many_requests', () => begin(who, source));
  return { time, throttle, begin, fail, succeed, refused };
}

const wait = (problem: Problem) => Number(problem.headers['Retry-After']);

eachStore('throttling', (open) => {
  for (const who of [1, 'nobody'])
    test(`five failures of ${who} are free, then the delay doubles from a second to a quarter of an hour`, async () => {
      const { time, fail, refused } = await opened(await open());
      for (let at = 0; at < 5; at += 1) await fail(who);
      const delays: number[] = [];
      for (let at = 0; at < 12; at += 1) {
        const delay = wait(await refused(who));
        delays.push(delay);
        time.pass(delay - 0.001);
        await refused(who);
        time.pass(0.001);
        await fail(who);
      }
      assert.deepEqual(delays, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
    });

  test('after a hundred failures in a row there is one attempt a day', async () => {
    const { time, fail, succeed, refused } = await opened(await open());
    for (let at = 0; at < 100; at += 1) {
      await fail(1);
      time.pass(900);
    }
    assert.equal(wait(await refused(1)), 86_400 - 900);
    time.pass(86_400 - 900);
    await fail(1);
    assert.equal(wait(await refused(1)), 86_400);
    time.pass(86_400);
    await succeed(1);
    await fail(1);
    await fail(1);
  });

  test('success resets, and other accounts are not touched', async () => {
    const { time, fail, succeed, refused } = await opened(await open());
    for (let at = 0; at < 5; at += 1) await fail(1);
    await refused(1);
    await succeed(2);
    time.pass(1);
    await succeed(1);
    for (let at = 0; at < 5; at += 1) await fail(1);
    assert.equal(wait(await refused(1)), 1);
  });

  test("strangers' guesses do not keep the owner out where it signed in before", async () => {
    const { fail, succeed, refused } = await opened(await open());
    await succeed(1, '203.0.113.5');
    for (let at = 0; at < 5; at += 1) await fail(1);
    await refused(1);
    await succeed(1, '203.0.113.5');
    await refused(1);
    for (let at = 0; at < 5; at += 1) await fail(1, '203.0.113.5');
    await refused(1, '203.0.113.5');
  });

  test('of an account the sixteen latest sources are trusted', async () => {
    const { fail, succeed, refused, time } = await opened(await open());
    for (let at = 0; at < 17; at += 1) {
      await succeed(1, `203.0.113.${at}`);
      time.pass(1);
    }
    for (let at = 0; at < 5; at += 1) await fail(1);
    await refused(1, '203.0.113.0');
    for (let at = 1; at < 17; at += 1) await succeed(1, `203.0.113.${at}`);
  });

  test('a source has ten failures a minute, over all accounts, and a success does not reset them', async () => {
    const { throttle, time, fail, succeed, refused } = await opened(await open());
    const here = sourceOf('2001:db8:1:2::1');
    for (let at = 0; at < 10; at += 1) await fail(`user${at}`, here);
    const problem = await refused('other', here);
    assert.equal(wait(problem), 60);
    assert.equal(problem.headers.RateLimit, '"sign-in-source";r=0;t=60');
    assert.equal(problem.headers['RateLimit-Policy'], '"sign-in-source";q=10;w=60');
    await succeed('other', sourceOf('2001:db8:1:3::1'));
    time.pass(60);
    await succeed(1, here);
    for (let at = 0; at < 9; at += 1) await fail(`user${at}`, here);
    await fail('user9', here);
    await refused('another', here);
    await refused(2, here);
    // An account that has signed in there before is not throttled for the attempts of others.
    await succeed(1, here);
    void throttle;
  });

  test('what is under way might fail: attempts at the same time get no more guesses than one after another', async () => {
    const { begin } = await opened(await open());
    let checked = 0;
    const guess = async (at: number) => {
      const attempt = await begin(1, `198.51.100.${at}`);
      checked += 1;
      await new Promise((resolve) => setImmediate(resolve));
      attempt.end('failed');
    };
    const all = await Promise.allSettled(Array.from({ length: 50 }, (_, at) => guess(at)));
    assert.equal(checked, 5);
    assert.equal(all.filter(({ status }) => status === 'rejected').length, 45);
  });

  test('a client with the right password is never taken for a guesser, however many it sends at once', async () => {
    const { begin } = await opened(await open());
    const under: (() => void)[] = [];
    const signIn = async () => {
      const attempt = await begin(1, '203.0.113.5');
      await new Promise<void>((resolve) => under.push(resolve));
      attempt.end('succeeded');
    };
    const storm = Array.from({ length: 100 }, signIn);
    const settled = Promise.allSettled(storm);
    const release = setInterval(() => under.shift()?.(), 1);
    const refusals = (await settled).flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
    clearInterval(release);
    assert.ok(refusals.length <= 63, `${refusals.length}`);
    assert.ok(refusals.every((code) => code === 'unavailable'));
  });

  test('an attempt whose password was not checked counts for nothing', async () => {
    const { begin, fail, refused } = await opened(await open());
    for (let at = 0; at < 20; at += 1) {
      const attempt = await begin(1, '203.0.113.5');
      attempt.end('dropped');
    }
    for (let at = 0; at < 5; at += 1) await fail(1);
    await refused(1);
  });

  test('a source signs up sixty accounts a minute', async () => {
    const { time, throttle } = await opened(await open());
    for (let at = 0; at < 60; at += 1) {
      throttle.signUp('203.0.113.5');
      time.pass(0.5);
    }
    const problem = await raises('too_many_requests', () => throttle.signUp('203.0.113.5'));
    assert.equal(wait(problem), 30);
    assert.equal(problem.headers['RateLimit-Policy'], '"sign-up";q=60;w=60');
    throttle.signUp('203.0.113.6');
    time.pass(30);
    throttle.signUp('203.0.113.5');
  });
});

test('a source is an IPv4 address or an IPv6 /64', () => {
  const sources: [string, string][] = [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:0201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:0DB8:0:0:ffff:ffff:ffff:ffff', '2001:db8:0:0::/64'],
    ['2001:db8:0:1::1', '2001:db8:0:1::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['', 'unknown'],
    ['host.example', 'unknown'],
  ];
  for (const [address, source] of sources) assert.equal(sourceOf(address), source, address);
});
