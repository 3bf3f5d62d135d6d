import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sourceOf } from '../../src/accounts/throttling/source.ts';
import { THROTTLE, Throttle } from '../../src/accounts/throttling/throttle.ts';
import type { Problem } from '../../src/problems.ts';
import { clock } from './opened.ts';
import { raises } from './raises.ts';

function opened() {
  const time = clock();
  const throttle = new Throttle(THROTTLE, time.now);
  let peer = 0;
  /** Another address each time, so that sources do not matter. */
  const elsewhere = () => {
    peer += 1;
    return `198.51.${Math.floor(peer / 250)}.${peer % 250}`;
  };
  const fail = async (name: string, address = elsewhere()) => (await throttle.signIn(name, address)).failed();
  const succeed = async (name: string, address = elsewhere()) =>
    (await throttle.signIn(name, address)).succeeded();
  const refused = (name: string, address = elsewhere()) =>
    raises('too_many_requests', () => throttle.signIn(name, address));
  return { time, throttle, fail, succeed, refused };
}

const wait = (problem: Problem) => Number(problem.headers['Retry-After']);

test('five failures are free, then the delay doubles from a second to a quarter of an hour', async () => {
  const { time, fail, refused } = opened();
  for (let at = 0; at < 5; at += 1) await fail('ann');
  const delays: number[] = [];
  for (let at = 0; at < 12; at += 1) {
    const delay = wait(await refused('ann'));
    delays.push(delay);
    time.pass(delay - 0.001);
    await refused('ann');
    time.pass(0.001);
    await fail('ann');
  }
  assert.deepEqual(delays, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
});

test('after a hundred failures in a row there is one attempt a day', async () => {
  const { time, fail, succeed, refused } = opened();
  for (let at = 0; at < 100; at += 1) {
    await fail('ann');
    time.pass(900);
  }
  assert.equal(wait(await refused('ann')), 86_400 - 900);
  time.pass(86_400 - 900);
  await fail('ann');
  assert.equal(wait(await refused('ann')), 86_400);
  time.pass(86_400);
  await succeed('ann');
  await fail('ann');
  await fail('ann');
});

test('success resets, and other accounts are not touched', async () => {
  const { time, fail, succeed, refused } = opened();
  for (let at = 0; at < 5; at += 1) await fail('ann');
  await refused('ann');
  await succeed('bob');
  time.pass(1);
  await succeed('ann');
  for (let at = 0; at < 5; at += 1) await fail('ann');
  assert.equal(wait(await refused('ann')), 1);
});

test("strangers' guesses do not keep the owner out where it signed in before", async () => {
  const { fail, succeed, refused } = opened();
  await succeed('ann', '203.0.113.5');
  for (let at = 0; at < 5; at += 1) await fail('ann');
  await refused('ann');
  await succeed('ann', '203.0.113.5');
  await refused('ann');
  for (let at = 0; at < 5; at += 1) await fail('ann', '203.0.113.5');
  await refused('ann', '203.0.113.5');
});

test('a source has ten failures a minute, over all accounts, and a success does not reset them', async () => {
  const { throttle, time, fail, succeed, refused } = opened();
  const here = '2001:db8:1:2::1';
  for (let at = 0; at < 10; at += 1) await fail(`user${at}`, `2001:db8:1:2::${at}`);
  const problem = await refused('other', here);
  assert.equal(wait(problem), 60);
  assert.equal(problem.headers.RateLimit, '"sign-in-source";r=0;t=60');
  assert.equal(problem.headers['RateLimit-Policy'], '"sign-in-source";q=10;w=60');
  await succeed('other', '2001:db8:1:3::1');
  time.pass(60);
  await succeed('other', here);
  for (let at = 0; at < 9; at += 1) await fail(`user${at}`, here);
  await succeed('other', here);
  await fail('user9', here);
  await refused('another', here);
  // An account that has signed in there before is not throttled for the attempts of others.
  await succeed('other', here);
  throttle.belongs('new', here);
  await succeed('new', here);
});

test('what is under way might fail: attempts at the same time get no more guesses than one after another', async () => {
  const { throttle } = opened();
  let checked = 0;
  const guess = async (at: number) => {
    const attempt = await throttle.signIn('ann', `198.51.100.${at}`);
    checked += 1;
    await new Promise((resolve) => setImmediate(resolve));
    attempt.failed();
  };
  const all = await Promise.allSettled(Array.from({ length: 50 }, (_, at) => guess(at)));
  assert.equal(checked, 5);
  assert.equal(all.filter(({ status }) => status === 'rejected').length, 45);
});

test('a client with the right password is never taken for a guesser, however many it sends at once', async () => {
  const { throttle } = opened();
  const signIn = async () => {
    const attempt = await throttle.signIn('ann', '203.0.113.5');
    await new Promise((resolve) => setImmediate(resolve));
    attempt.succeeded();
  };
  await Promise.all(Array.from({ length: 37 }, signIn));
  const storm = await Promise.allSettled(Array.from({ length: 100 }, signIn));
  const refused = storm.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
  assert.deepEqual(refused, new Array(63).fill('unavailable'));
});

test('an attempt whose password was not checked counts for nothing', async () => {
  const { throttle, fail, refused } = opened();
  for (let at = 0; at < 20; at += 1) {
    const attempt = await throttle.signIn('ann', '203.0.113.5');
    attempt.dropped();
    attempt.failed();
  }
  for (let at = 0; at < 5; at += 1) await fail('ann');
  await refused('ann');
});

test('a source signs up sixty accounts a minute', async () => {
  const { time, throttle } = opened();
  for (let at = 0; at < 60; at += 1) {
    throttle.signUp('203.0.113.5');
    time.pass(0.5);
  }
  const problem = await raises('too_many_requests', () => throttle.signUp('::ffff:203.0.113.5'));
  assert.equal(wait(problem), 30);
  assert.equal(problem.headers['RateLimit-Policy'], '"sign-up";q=60;w=60');
  throttle.signUp('203.0.113.6');
  time.pass(30);
  throttle.signUp('203.0.113.5');
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
