import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '../../src/database/sql.ts';
import { bind, statement } from '../../src/database/statement.ts';
import type { Store } from '../../src/database/store.ts';
import { anyText } from '../../src/schema/accounts.ts';
import { integerId } from '../../src/schema/id.ts';
import { administrator } from '../../src/schema/rules.ts';
import { eachStore } from '../stores.ts';
import {
  ADMINISTRATOR,
  BY_ADMINISTRATOR,
  callerOf,
  clock,
  FROM_HERE,
  HERE,
  newAccount,
  openDemo,
} from './opened.ts';
import { raises } from './raises.ts';

const TABLE = sql.table('_trestle_accounts');

async function hashes(store: Store) {
  const rows = await store.all(statement(store.dialect, sql`select password_hash from ${TABLE}`), []);
  return rows.map((row) => row.password_hash);
}

async function setHash(store: Store, hash: string) {
  const update = statement(store.dialect, sql`update ${TABLE} set password_hash = ${hash}`);
  await store.write(async (transaction) => {
    await transaction.all(update, bind(update, {}));
  });
}

eachStore('accounts', (open) => {
  test('an account signs up, signs in and is known by its token', async () => {
    const { now } = clock();
    const demo = await openDemo(await open(), { now, accounts: { id: integerId() } });
    const account = await demo.accounts.signUp(FROM_HERE, { username: 'ann', password: 'x' });
    const shown = { id: 1, username: 'ann', created_at: '2026-11-21T07:48:39.123Z' };
    assert.deepEqual(JSON.parse(JSON.stringify(account)), shown);
    const tokens = await demo.accounts.signIn(FROM_HERE, { username: 'ann', password: 'x' });
    assert.deepEqual(tokens.account, account);
    assert.equal(tokens.expiresIn, 600);
    const caller = await callerOf(demo, tokens.access);
    assert.deepEqual(caller, { kind: 'account', account: 1, session: tokens.session });
    assert.deepEqual(await demo.accounts.read({ caller }, 1), account);
  });

  test('ids are UUIDs unless declared otherwise', async () => {
    const demo = await openDemo(await open());
    const { account, caller } = await newAccount(demo, 'ann');
    assert.match(String(account.id), /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    assert.deepEqual(caller.kind === 'account' && caller.account, account.id);
  });

  test('a name is taken once, also by sign-ups at the same time, and exactly', async () => {
    const demo = await openDemo(await open(), { accounts: { id: integerId() } });
    const signUp = (username: string) => demo.accounts.signUp(FROM_HERE, { username, password: 'x' });
    const all = await Promise.allSettled([signUp('ann'), signUp('ann'), signUp('ann')]);
    assert.deepEqual(all.map(({ status }) => status).sort(), ['fulfilled', 'rejected', 'rejected']);
    const problem = await raises('conflict', () => signUp('ann'));
    assert.deepEqual(
      problem.errors.map(({ pointer, code }) => [pointer, code]),
      [['/username', 'taken']],
    );
    assert.equal((await signUp('Ann')).username, 'Ann');
  });

  test('wrong bodies are refused with a pointer to what is wrong', async () => {
    const demo = await openDemo(await open(), {
      accounts: { username: { min: 2, max: 4, patterns: [/^[a-z]+$/] } },
    });
    const cases: [unknown, string[]][] = [
      [{}, ['/username required', '/password required']],
      [{ username: 5, password: null }, ['/username type', '/password type']],
      [{ username: 'a', password: '' }, ['/username min_length', '/password min_length']],
      [{ username: 'abcde', password: 'x'.repeat(257) }, ['/username max_length', '/password max_length']],
      [{ username: 'a b', password: 'a\0b' }, ['/username pattern', '/password pattern']],
    ];
    for (const [body, expected] of cases) {
      // @ts-expect-error: bodies of the wrong types, as they come from outside
      const problem = await raises('invalid', () => demo.accounts.signUp(FROM_HERE, body));
      assert.deepEqual(
        problem.errors.map(({ pointer, code }) => `${pointer} ${code}`),
        expected,
      );
    }
    const more = { username: 'ann', password: 'x', id: 7 };
    const problem = await raises('unknown_field', () => demo.accounts.signUp(FROM_HERE, more));
    assert.equal(problem.detail, 'Unknown field: id. Writable fields: username, password.');
  });

  test('signing up and reading follow the declared rules', async () => {
    const can = { create: administrator, read: administrator };
    const demo = await openDemo(await open(), { accounts: { can } });
    const body = { username: 'ann', password: 'pass' };
    await raises('unauthenticated', () => demo.accounts.signUp(FROM_HERE, body));
    const ann = await demo.accounts.signUp({ caller: ADMINISTRATOR, origin: HERE }, body);
    await raises('unauthenticated', () => demo.accounts.read(FROM_HERE, ann.id));
    const tokens = await demo.accounts.signIn(FROM_HERE, body);
    const caller = await callerOf(demo, tokens.access);
    assert.equal((await demo.accounts.read({ caller }, ann.id)).username, 'ann');
    await raises('forbidden', () => demo.accounts.read({ caller }, '00000000-0000-7000-8000-000000000000'));
    await raises('not_found', () => demo.accounts.read(BY_ADMINISTRATOR, "x' or 1=1"));
    await raises('not_found', () =>
      demo.accounts.read(BY_ADMINISTRATOR, '00000000-0000-7000-8000-000000000000'),
    );
  });

  test('many accounts are read in one statement', async () => {
    const demo = await openDemo(await open());
    const ids = [];
    for (const name of ['a', 'b', 'c']) ids.push((await newAccount(demo, name)).account.id);
    const before = demo.store.statements;
    const found = await demo.accounts.readMany([...ids, ...ids, 'nobody', -1]);
    assert.equal(demo.store.statements - before, 1);
    assert.deepEqual([...found.values()].map(({ username }) => username).sort(), ['a', 'b', 'c']);
    assert.equal((await demo.accounts.readMany([])).size, 0);
  });

  test('without passwords an account is a name, and cannot sign in', async () => {
    const demo = await openDemo(await open(), { accounts: { password: false } });
    const account = await demo.accounts.signUp(FROM_HERE, { username: 'ann' });
    assert.equal(account.username, 'ann');
    await raises('unknown_field', () => demo.accounts.signUp(FROM_HERE, { username: 'b', password: 'x' }));
    await raises('invalid_credentials', () =>
      demo.accounts.signIn(FROM_HERE, { username: 'ann', password: '' }),
    );
  });

  test('every failed sign-in gets the same answer', async () => {
    const demo = await openDemo(await open());
    const { account } = await newAccount(demo, 'ann');
    const off = await newAccount(demo, 'off');
    await demo.accounts.disable(BY_ADMINISTRATOR, off.account.id);
    const signIn = (username: string, password: string) =>
      raises('invalid_credentials', () => demo.accounts.signIn(FROM_HERE, { username, password }));
    const wrong = [
      await signIn('ann', 'wrong'),
      await signIn('nobody', 'pass'),
      await signIn('off', 'pass'),
      await signIn('ann ', 'pass'),
      await signIn('ANN', 'pass'),
      await signIn('an\0n', 'pass'),
      await signIn('ann', 'p'.repeat(5000)),
    ];
    const shown = wrong.map(({ detail, errors, data, headers }) =>
      JSON.stringify({ detail, errors, data, headers }),
    );
    assert.equal(new Set(shown).size, 1);
    const failed = demo.events.filter(({ event }) => event === 'sign_in_failed');
    assert.deepEqual(
      failed.map((event) => 'account' in event && event.account),
      [account.id, null, off.account.id, null, null, null],
    );
    assert.ok(!JSON.stringify(demo.events).includes('wrong'));
  });

  test('a changed password ends the other sessions and keeps its own', async () => {
    const demo = await openDemo(await open());
    const { caller, tokens } = await newAccount(demo, 'ann');
    const other = await demo.accounts.signIn(FROM_HERE, { username: 'ann', password: 'pass' });
    await callerOf(demo, other.access);
    const wrong = await raises('wrong_password', () =>
      demo.accounts.changePassword({ caller }, { current: 'x', next: 'y' }),
    );
    assert.equal(wrong.status, 400);
    await raises('invalid', () => demo.accounts.changePassword({ caller }, { current: 'pass', next: '' }));
    await demo.accounts.changePassword({ caller }, { current: 'pass', next: 'new' });
    await callerOf(demo, tokens.access);
    await raises('invalid_token', () => demo.authenticate.bearer(other.access, 'read', HERE));
    await raises('invalid_token', () => demo.accounts.refresh(FROM_HERE, String(other.refresh)));
    await raises('invalid_credentials', () =>
      demo.accounts.signIn(FROM_HERE, { username: 'ann', password: 'pass' }),
    );
    await demo.accounts.signIn(FROM_HERE, { username: 'ann', password: 'new' });
    await raises('unauthenticated', () =>
      demo.accounts.changePassword(FROM_HERE, { current: 'a', next: 'b' }),
    );
    await raises('forbidden', () =>
      demo.accounts.changePassword(BY_ADMINISTRATOR, { current: 'a', next: 'b' }),
    );
  });

  test('of two changes at a time one wins', async () => {
    const demo = await openDemo(await open());
    const { caller } = await newAccount(demo, 'ann');
    const change = (next: string) => demo.accounts.changePassword({ caller }, { current: 'pass', next });
    const both = await Promise.allSettled([change('one'), change('two')]);
    assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  });

  test('a hash of another cost is computed anew at the sign-in', async () => {
    const store = await open();
    const cost = { memory: 16, passes: 2, parallelism: 1 };
    const old = await openDemo(store, { passwords: { cost } });
    await newAccount(old, 'ann');
    const demo = await openDemo(store);
    const hash = async () => (await hashes(demo.store))[0];
    assert.match(String(await hash()), /m=16,t=2/);
    await raises('invalid_credentials', () =>
      demo.accounts.signIn(FROM_HERE, { username: 'ann', password: 'no' }),
    );
    assert.match(String(await hash()), /m=16,t=2/);
    await demo.accounts.signIn(FROM_HERE, { username: 'ann', password: 'pass' });
    assert.match(String(await hash()), /m=8,t=1/);
    await demo.accounts.signIn(FROM_HERE, { username: 'ann', password: 'pass' });
  });

  test('a hash that cannot be read lets nobody in', async () => {
    const demo = await openDemo(await open(), { accounts: { id: integerId(), password: anyText } });
    await newAccount(demo, 'ann');
    await setHash(demo.store, '$argon2id$v=19$m=99999999,t=1,p=1$AAAAAAAAAAA$AAAA');
    await raises('invalid_credentials', () =>
      demo.accounts.signIn(FROM_HERE, { username: 'ann', password: 'pass' }),
    );
  });

  test('the operator disables, enables and gives new passwords', async () => {
    const demo = await openDemo(await open());
    const { account, tokens } = await newAccount(demo, 'ann');
    const key = await demo.keys.create(BY_ADMINISTRATOR, { account: account.id });
    await demo.accounts.disable(BY_ADMINISTRATOR, account.id);
    assert.equal((await demo.accounts.read(BY_ADMINISTRATOR, account.id)).disabled_at !== null, true);
    await raises('invalid_token', () => demo.authenticate.bearer(tokens.access, 'read', HERE));
    await raises('invalid_token', () => demo.accounts.refresh(FROM_HERE, String(tokens.refresh)));
    await raises('invalid_key', () => demo.authenticate.key(key.key, 'write'));
    await demo.accounts.enable(BY_ADMINISTRATOR, account.id);
    await raises('invalid_token', () => demo.authenticate.bearer(tokens.access, 'read', HERE));
    assert.equal((await demo.authenticate.key(key.key, 'write')).kind, 'key');
    await demo.accounts.resetPassword(BY_ADMINISTRATOR, account.id, 'lost and found');
    await demo.accounts.signIn(FROM_HERE, { username: 'ann', password: 'lost and found' });
    await raises('not_found', () => demo.accounts.disable(BY_ADMINISTRATOR, 'nobody'));
    await raises('conflict', () =>
      demo.accounts.signUp({ caller: ADMINISTRATOR, origin: HERE }, { username: 'ann', password: 'x' }),
    );
  });
});
