import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '../../src/database/sql.ts';
import { statement } from '../../src/database/statement.ts';
import type { Caller } from '../../src/schema/caller.ts';
import { eachStore } from '../stores.ts';
import { until } from '../until.ts';
import { BY_ADMINISTRATOR, clock, FROM_HERE, HERE, newAccount, openDemo } from './opened.ts';
import { raises } from './raises.ts';

const DAY = 86_400;
const USE = { method: 'GET', route: '/v1/notes', status: 200, source: '192.0.2.1' };

eachStore('keys', (open) => {
  test('a key is shown once and stands for its account', async () => {
    const { now } = clock();
    const demo = await openDemo(await open(), { now });
    const { caller, account } = await newAccount(demo, 'ann');
    const { key, ...made } = await demo.keys.create({ caller }, { name: 'laptop' });
    assert.match(key, /^trs_live_[0-9A-Za-z]{61}$/);
    assert.deepEqual(made, {
      id: demo.keys.idOf(key),
      name: 'laptop',
      masked: `trs_live_${made.id}…`,
      account: account.id,
      scopes: null,
      active: true,
      created_at: '2026-11-21T07:48:39.123Z',
      expires_at: '2027-02-19T07:48:39.123Z',
      last_used_at: null,
      uses: 0,
    });
    assert.deepEqual(await demo.keys.read({ caller }, made.id), made);
    assert.deepEqual((await demo.keys.list({ caller })).items, [made]);
    const expected = { kind: 'key', account: account.id, key: made.id, scopes: null };
    assert.deepEqual(await demo.authenticate.key(key, 'write'), expected);
    assert.deepEqual(await demo.authenticate.bearer(key, 'read', HERE), expected);
  });

  test('a key with any character changed is refused without a question to the database', async () => {
    const demo = await openDemo(await open());
    const { caller } = await newAccount(demo, 'ann');
    const { key } = await demo.keys.create({ caller }, {});
    const before = demo.store.statements;
    for (let at = 0; at < key.length; at += 1)
      for (const char of ['0', 'z', '_', ' ', 'é']) {
        if (key[at] === char) continue;
        const other = key.slice(0, at) + char + key.slice(at + 1);
        await raises('invalid_key', () => demo.authenticate.key(other, 'write'));
        assert.equal(demo.keys.idOf(other), null);
      }
    for (const other of ['', 'trs_live_', `${key}0`, key.slice(1), ` ${key}`, `${key}\n`, key.repeat(1000)])
      await raises('invalid_key', () => demo.authenticate.key(other, 'write'));
    assert.equal(demo.store.statements, before);
  });

  test('of another key with the same id the secret is wrong', async () => {
    const [one, two] = [await openDemo(await open()), await openDemo(await open())];
    const { key } = await one.keys.create(BY_ADMINISTRATOR, {});
    await raises('invalid_key', () => two.authenticate.key(key, 'write'));
  });

  test('a key serves while it is active, not over, not deleted and its owner not disabled', async () => {
    const time = clock();
    const demo = await openDemo(await open(), { now: time.now });
    const { caller, account } = await newAccount(demo, 'ann');
    const { key, id } = await demo.keys.create({ caller }, { lifetime: 60 });
    const refused = () => raises('invalid_key', () => demo.authenticate.key(key, 'write'));
    assert.equal((await demo.keys.deactivate({ caller }, id)).active, false);
    await refused();
    assert.equal((await demo.keys.activate({ caller }, id)).active, true);
    await demo.authenticate.key(key, 'write');
    time.pass(60);
    await refused();
    const renewed = await demo.keys.renew({ caller }, id, new Date(time.now() + 1000).toISOString());
    assert.equal(renewed.expires_at, '2026-11-21T07:49:40.123Z');
    await demo.authenticate.key(key, 'write');
    await demo.keys.deactivate({ caller }, id);
    await demo.keys.renew({ caller }, id, new Date(time.now() + 1000).toISOString());
    await demo.authenticate.key(key, 'write');
    await demo.accounts.disable(BY_ADMINISTRATOR, account.id);
    await refused();
    await demo.accounts.enable(BY_ADMINISTRATOR, account.id);
    await demo.authenticate.key(key, 'write');
    await demo.keys.remove({ caller }, id);
    await refused();
    await raises('not_found', () => demo.keys.read({ caller }, id));
    assert.deepEqual(
      demo.events.flatMap((event) => ('key' in event ? [event.event] : [])),
      [
        'key_created',
        'key_deactivated',
        'key_activated',
        'key_renewed',
        'key_deactivated',
        'key_renewed',
        'key_deleted',
      ],
    );
  });

  test('a rolled key serves until its overlap ends', async () => {
    const time = clock();
    const demo = await openDemo(await open(), { now: time.now });
    const { caller } = await newAccount(demo, 'ann');
    const old = await demo.keys.create(
      { caller },
      { name: 'ci', scopes: ['notes:read'], lifetime: 30 * DAY },
    );
    time.pass(10 * DAY);
    const next = await demo.keys.roll({ caller }, old.id);
    assert.deepEqual([next.name, next.scopes], ['ci', ['notes:read']]);
    assert.equal(Date.parse(String(next.expires_at)), time.now() + 30 * DAY * 1000);
    await demo.authenticate.key(next.key, 'write');
    time.pass(DAY - 1);
    await demo.authenticate.key(old.key, 'write');
    time.pass(1);
    await raises('invalid_key', () => demo.authenticate.key(old.key, 'write'));
    await raises('conflict', () => demo.keys.roll({ caller }, old.id));
    await demo.keys.roll({ caller }, next.id, 0);
    await raises('invalid_key', () => demo.authenticate.key(next.key, 'write'));
    for (const overlap of [-1, 7 * DAY + 1, Number.NaN])
      await raises('invalid', () => demo.keys.roll({ caller }, next.id, overlap));
  });

  test("nobody reaches another's keys, and keys reach none", async () => {
    const demo = await openDemo(await open());
    const ann = await newAccount(demo, 'ann');
    const bob = await newAccount(demo, 'bob');
    const { id, key } = await demo.keys.create({ caller: ann.caller }, {});
    const byKey = await demo.authenticate.key(key, 'write');
    const acts: ((caller: Caller) => Promise<unknown>)[] = [
      (caller) => demo.keys.read({ caller }, id),
      (caller) => demo.keys.deactivate({ caller }, id),
      (caller) => demo.keys.activate({ caller }, id),
      (caller) => demo.keys.renew({ caller }, id, null),
      (caller) => demo.keys.roll({ caller }, id),
      (caller) => demo.keys.uses({ caller }, id),
      (caller) => demo.keys.remove({ caller }, id),
    ];
    for (const act of acts.slice(0, 3).concat(acts.slice(4)))
      await raises('not_found', () => act(bob.caller));
    for (const act of acts) await raises('forbidden', () => act(byKey));
    await raises('forbidden', () => demo.keys.create({ caller: byKey }, {}));
    await raises('forbidden', () => demo.keys.list({ caller: byKey }));
    await raises('forbidden', () =>
      demo.accounts.changePassword({ caller: byKey }, { current: 'pass', next: 'x' }),
    );
    await raises('unauthenticated', () => demo.keys.list(FROM_HERE));
    await raises('forbidden', () => demo.keys.create({ caller: bob.caller }, { account: ann.account.id }));
    await raises('forbidden', () => demo.keys.create({ caller: bob.caller }, { account: null }));
    assert.deepEqual((await demo.keys.list({ caller: bob.caller })).items, []);
    for (const other of ['', "' or 1=1", 'a\0b', '000000000000'])
      await raises('not_found', () => demo.keys.read(BY_ADMINISTRATOR, other));
  });

  test('the administrator makes keys for accounts and for none', async () => {
    const demo = await openDemo(await open());
    const { account, caller } = await newAccount(demo, 'ann');
    const service = await demo.keys.create(BY_ADMINISTRATOR, { name: 'agent' });
    const forAnn = await demo.keys.create(BY_ADMINISTRATOR, { account: account.id });
    assert.deepEqual(await demo.authenticate.key(service.key, 'write'), {
      kind: 'key',
      account: null,
      key: service.id,
      scopes: null,
    });
    assert.equal((await demo.keys.list(BY_ADMINISTRATOR)).items.length, 2);
    assert.deepEqual(
      (await demo.keys.list({ caller })).items.map(({ id }) => id),
      [forAnn.id],
    );
    await raises('not_found', () => demo.keys.read({ caller }, service.id));
    await raises('invalid', () => demo.keys.create(BY_ADMINISTRATOR, { account: 'nobody' }));
  });

  test('lifetimes, names and scopes are checked', async () => {
    const demo = await openDemo(await open());
    const { caller } = await newAccount(demo, 'ann');
    const wrong: [object, string][] = [
      [{ lifetime: 0 }, '/lifetime minimum'],
      [{ lifetime: 366 * DAY }, '/lifetime maximum'],
      [{ lifetime: 'never' }, '/lifetime type'],
      [{ lifetime: 'soon' }, '/lifetime type'],
      [{ lifetime: Number.NaN }, '/lifetime type'],
      [{ lifetime: 1e300 }, '/lifetime maximum'],
      [{ lifetime: Number.POSITIVE_INFINITY }, '/lifetime type'],
      [{ name: 5 }, '/name type'],
      [{ name: 'x'.repeat(257) }, '/name max_length'],
      [{ scopes: 'notes:read' }, '/scopes type'],
      [{ scopes: ['notes:read', 'notes:fly'] }, '/scopes/1 enum'],
      [{ scopes: ['other:read'] }, '/scopes/0 enum'],
      [{ scopes: [7] }, '/scopes/0 type'],
    ];
    for (const [options, expected] of wrong) {
      const problem = await raises('invalid', () => demo.keys.create({ caller }, options));
      assert.equal(`${problem.errors[0]?.pointer} ${problem.errors[0]?.code}`, expected);
    }
    // @ts-expect-error: not an option
    await raises('unknown_field', () => demo.keys.create({ caller }, { uses: 5 }));
    const { id } = await demo.keys.create({ caller }, { scopes: ['*:read', 'articles:*', '*:read'] });
    assert.deepEqual((await demo.keys.read({ caller }, id)).scopes, ['*:read', 'articles:*']);
    for (const expiry of [
      'tomorrow',
      '1',
      '2026',
      '-271821-04-20T00:00:00Z',
      '+010000-01-01T00:00:00Z',
      null,
    ])
      await raises('invalid', () => demo.keys.renew({ caller }, id, expiry));
    const forever = await openDemo(await open(), {
      accounts: { keys: { lifetime: 'never', longest: 'never' } },
    });
    const { id: kept, expires_at } = await forever.keys.create(BY_ADMINISTRATOR, {});
    assert.equal(expires_at, null);
    for (const lifetime of [1e13, Number.MAX_VALUE])
      await raises('invalid', () => forever.keys.create(BY_ADMINISTRATOR, { lifetime }));
    const last = '9999-12-31T23:59:59.999Z';
    assert.equal((await forever.keys.renew(BY_ADMINISTRATOR, kept, last)).expires_at, last);
    await raises('invalid', () => forever.keys.renew(BY_ADMINISTRATOR, kept, '9999-12-31T23:59:59-01:00'));
    assert.ok(String((await forever.keys.roll(BY_ADMINISTRATOR, kept)).expires_at) <= last);
    assert.equal((await forever.keys.uses(BY_ADMINISTRATOR, kept)).items.length, 0);
  });

  test('uses are counted and written down behind the requests', async () => {
    const store = await open();
    const demo = await openDemo(store);
    const { caller } = await newAccount(demo, 'ann');
    const { id } = await demo.keys.create({ caller }, {});
    const before = store.statements;
    for (let second = 0; second < 60; second += 1)
      demo.authenticate.used(id, {
        ...USE,
        at: `2026-11-21T08:00:${String(second).padStart(2, '0')}.000Z`,
      });
    assert.equal(store.statements, before);
    const read = await demo.keys.read({ caller }, id);
    assert.deepEqual([read.uses, read.last_used_at], [60, '2026-11-21T08:00:59.000Z']);
    const { items: uses } = await demo.keys.uses({ caller }, id, { limit: 2 });
    assert.deepEqual(uses, [
      { ...USE, at: '2026-11-21T08:00:59.000Z' },
      { ...USE, at: '2026-11-21T08:00:58.000Z' },
    ]);
    assert.equal((await demo.keys.uses({ caller }, id, { limit: 1000 })).items.length, 60);
  });

  test('closing writes the uses that wait, also of a key that is gone', async () => {
    const demo = await openDemo(await open());
    const { caller } = await newAccount(demo, 'ann');
    const kept = await demo.keys.create({ caller }, {});
    const gone = await demo.keys.create({ caller }, {});
    for (const { id } of [gone, kept]) demo.authenticate.used(id, { ...USE, at: '2026-11-21T08:00:00.000Z' });
    await demo.keys.remove({ caller }, gone.id);
    await demo.close();
    const other = await openDemo(demo.store);
    assert.equal((await other.keys.read({ caller }, kept.id)).uses, 1);
  });

  test('a use is written within a second though nobody asks for it', async () => {
    const store = await open();
    const demo = await openDemo(store);
    const { id } = await demo.keys.create(BY_ADMINISTRATOR, {});
    const count = statement(store.dialect, sql`select uses from ${sql.table('_trestle_keys')}`);
    demo.authenticate.used(id, { ...USE, at: new Date().toISOString() });
    await until(async () => (await store.all(count, []))[0]?.uses === 1);
  });

  test('a key of another system is imported once, and serves as one of our own', async () => {
    const store = await open();
    const demo = await openDemo(store, { administratorSecret: 'the-administrators-secret-of-these-tests' });
    const { caller } = await newAccount(demo, 'ann');
    const key = 'fbd1d865-9ae8-491f-98b8-1f522c52eb02';
    await raises('forbidden', () => demo.keys.import({ caller }, { key }));
    for (const wrong of ['short', `${key} `, 'trs_live_of-another-server-of-ours', 'x'.repeat(65)])
      await raises('invalid', () => demo.keys.import(BY_ADMINISTRATOR, { key: wrong }));
    await raises('invalid_key', () => demo.authenticate.key(key, 'write'));
    const { id } = await demo.keys.import(BY_ADMINISTRATOR, { key, name: 'original', lifetime: 3600 });
    await raises('conflict', () => demo.keys.import(BY_ADMINISTRATOR, { key }));
    const service = { kind: 'key', account: null, key: id, scopes: null };
    assert.deepEqual(await demo.authenticate.key(key, 'write'), service);
    assert.deepEqual(await demo.authenticate.bearer(key, 'read', HERE), service);
    assert.equal(demo.keys.idOf(key), id);
    assert.ok(
      !JSON.stringify([await demo.keys.read(BY_ADMINISTRATOR, id), demo.events]).includes('fbd1d865'),
    );
    // What is neither is still taken for the administrator's secret.
    const secret = 'the-administrators-secret-of-these-tests';
    assert.equal((await demo.authenticate.bearer(secret, 'read', HERE)).kind, 'administrator');
    await raises('invalid_token', async () => demo.authenticate.bearer(`${key}0`, 'read', HERE));
    await demo.keys.deactivate(BY_ADMINISTRATOR, id);
    await raises('invalid_key', () => demo.authenticate.key(key, 'write'));
  });
});
