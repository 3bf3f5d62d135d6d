import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eachStore } from '../stores.ts';
import { callerOf, clock, FROM_HERE, HERE, newAccount, type Opened, openDemo } from './opened.ts';
import { raises } from './raises.ts';

async function refreshed(demo: Opened, token: string): Promise<string> {
  return String((await demo.accounts.refresh(FROM_HERE, token)).refresh);
}

eachStore('refresh tokens', (open) => {
  test('a refresh token is used up by its successor', async () => {
    const time = clock();
    const demo = await openDemo(await open(), { now: time.now });
    const { tokens, account } = await newAccount(demo, 'ann');
    const first = String(tokens.refresh);
    time.pass(60);
    const next = await demo.accounts.refresh(FROM_HERE, first);
    assert.deepEqual(next.account, account);
    assert.equal(next.session, tokens.session);
    assert.notEqual(next.refresh, first);
    assert.notEqual(next.access, tokens.access);
    await callerOf(demo, next.access);
    assert.equal(
      (await demo.accounts.sessions({ caller: await callerOf(demo, next.access) })).items[0]?.last_used_at,
      '2026-11-21T07:49:39.123Z',
    );
  });

  test('its predecessor yields the same successor until that has been used, then it ends the session', async () => {
    const time = clock();
    const demo = await openDemo(await open(), { now: time.now });
    const { tokens } = await newAccount(demo, 'ann');
    const first = String(tokens.refresh);
    const second = await refreshed(demo, first);
    time.pass(3600);
    assert.equal(await refreshed(demo, first), second);
    const third = await refreshed(demo, second);
    await raises('invalid_token', () => demo.accounts.refresh(FROM_HERE, first));
    await raises('invalid_token', () => demo.accounts.refresh(FROM_HERE, third));
    await raises('invalid_token', () => demo.authenticate.bearer(tokens.access, 'read', HERE));
    assert.deepEqual(
      demo.events.map(({ event }) => event).filter((event) => event === 'refresh_replayed'),
      ['refresh_replayed'],
    );
  });

  test('a successor that has renewed access has been used, too', async () => {
    const time = clock();
    const demo = await openDemo(await open(), { now: time.now });
    const first = String((await newAccount(demo, 'ann')).tokens.refresh);
    const second = await refreshed(demo, first);
    time.pass(1);
    await demo.accounts.renewAccess(FROM_HERE, second);
    await raises('invalid_token', () => demo.accounts.refresh(FROM_HERE, first));
    await raises('invalid_token', () => demo.accounts.refresh(FROM_HERE, second));
  });

  test('a grandparent ends the session at once, whoever holds the newest', async () => {
    const time = clock();
    const demo = await openDemo(await open(), { now: time.now });
    const { tokens } = await newAccount(demo, 'ann');
    const first = String(tokens.refresh);
    const third = await refreshed(demo, await refreshed(demo, first));
    await raises('invalid_token', () => demo.accounts.refresh(FROM_HERE, first));
    await raises('invalid_token', () => demo.accounts.refresh(FROM_HERE, third));
  });

  test('idle for fourteen days, or thirty days in all, a session is over', async () => {
    const time = clock();
    const demo = await openDemo(await open(), { now: time.now });
    const day = 86_400;
    const idle = String((await newAccount(demo, 'idle')).tokens.refresh);
    let busy = String((await newAccount(demo, 'busy')).tokens.refresh);
    for (const _ of [1, 2]) {
      time.pass(13 * day);
      busy = await refreshed(demo, busy);
    }
    await raises('invalid_token', () => demo.accounts.refresh(FROM_HERE, idle));
    time.pass(4 * day - 60);
    const last = await demo.accounts.refresh(FROM_HERE, busy);
    assert.ok(last.expiresIn <= 60, `${last.expiresIn}`);
    time.pass(60);
    await raises('invalid_token', () => demo.accounts.refresh(FROM_HERE, String(last.refresh)));
    await raises('invalid_token', () => demo.authenticate.bearer(last.access, 'read', HERE));
  });

  test('where the contract keeps the refresh token, it renews access until it is over', async () => {
    const time = clock();
    const accounts = { tokens: { access: '2h', refresh: '24h' } } as const;
    const demo = await openDemo(await open(), { now: time.now, accounts });
    const { tokens } = await newAccount(demo, 'ann');
    const refresh = String(tokens.refresh);
    const seen = new Set([tokens.access]);
    for (const _ of [1, 2, 3]) seen.add((await demo.accounts.renewAccess(FROM_HERE, refresh)).access);
    assert.equal(seen.size, 4);
    time.pass(86_400 - 2);
    const last = await demo.accounts.renewAccess(FROM_HERE, refresh);
    assert.equal(last.expiresIn, 7200);
    time.pass(2);
    await raises('invalid_token', () => demo.accounts.renewAccess(FROM_HERE, refresh));
    const caller = await callerOf(demo, last.access);
    await demo.accounts.endAllSessions({ caller });
    await raises('invalid_token', () => demo.accounts.renewAccess(FROM_HERE, refresh));
  });

  test('many refreshes of one token at a time, in three processes, leave one successor', async () => {
    const demos: Opened[] = [];
    for (const _ of [1, 2, 3]) demos.push(await openDemo(await open('race')));
    const [first] = demos;
    assert.ok(first);
    let token = String((await newAccount(first, 'ann')).tokens.refresh);
    for (let round = 0; round < 10; round += 1) {
      const given = token;
      const all: string[] = await Promise.all(
        Array.from({ length: 24 }, (_, at) => refreshed(demos[at % demos.length] ?? first, given)),
      );
      const [next = ''] = new Set(all);
      assert.equal(new Set(all).size, 1, `round ${round}`);
      assert.notEqual(next, token);
      token = next;
    }
  });
});
