import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Caller } from '../../src/schema/caller.ts';
import { eachStore } from '../stores.ts';
import { until } from '../until.ts';
import { BY_ADMINISTRATOR, clock, HERE, newAccount, type Opened, openDemo } from './opened.ts';
import { raises } from './raises.ts';

/** The statements that it takes to find out whose a key is. */
async function cost(demo: Opened, key: string, purpose: 'read' | 'write'): Promise<number> {
  const before = demo.store.statements;
  await demo.authenticate.key(key, purpose);
  return demo.store.statements - before;
}

eachStore('callers of keys', (open) => {
  test('reads look a key up once a second, writes every time, but where no other process wrote', async () => {
    const time = clock();
    const demo = await openDemo(await open(), { now: time.now });
    const { caller } = await newAccount(demo, 'ann');
    const { key } = await demo.keys.create({ caller }, {});
    const tells = demo.store.foreignCommits() !== undefined;
    await demo.authenticate.key(key, 'read');
    const found = [await cost(demo, key, 'read'), await cost(demo, key, 'write')];
    assert.deepEqual(found, tells ? [0, 0] : [0, 1]);
    time.pass(1);
    assert.equal(await cost(demo, key, 'read'), tells ? 0 : 1);
    const seen = demo.authenticate.seen(key, 'read');
    assert.equal(seen, await demo.authenticate.key(key, 'read'));
    assert.deepEqual(seen, await demo.authenticate.bearer(key, 'read', HERE));
  });

  test('a key that was remembered is refused from its end on', async () => {
    const time = clock();
    const demo = await openDemo(await open(), { now: time.now });
    const { caller } = await newAccount(demo, 'ann');
    const { key } = await demo.keys.create({ caller }, { lifetime: 60 });
    await demo.authenticate.key(key, 'read');
    time.pass(59.5);
    await demo.authenticate.key(key, 'read');
    time.pass(0.5);
    assert.equal(demo.authenticate.seen(key, 'read'), undefined);
    await raises('invalid_key', () => demo.authenticate.key(key, 'read'));
  });

  test('a wrong secret is looked up each time, beside the right one too', async () => {
    const [one, two] = [await openDemo(await open()), await openDemo(await open())];
    const foreign = 'fbd1d865-9ae8-491f-98b8-1f522c52eb02';
    await one.keys.import(BY_ADMINISTRATOR, { key: foreign });
    const { key } = await one.keys.create(BY_ADMINISTRATOR, {});
    await one.authenticate.key(key, 'read');
    await one.authenticate.key(foreign, 'read');
    const wrong = [(await two.keys.create(BY_ADMINISTRATOR, {})).key, foreign.replace('f', 'e')];
    for (const other of [...wrong, ...wrong]) {
      const before = one.store.statements;
      await raises('invalid_key', () => one.authenticate.key(other, 'read'));
      assert.equal(one.store.statements - before, 1);
    }
    assert.equal(await cost(one, key, 'read'), 0);
  });

  test('a look that began before the end of a key is not remembered after it', async () => {
    const demo = await openDemo(await open());
    const { key, id } = await demo.keys.create(BY_ADMINISTRATOR, {});
    const looks = [demo.keys.deactivate(BY_ADMINISTRATOR, id), demo.authenticate.key(key, 'read')];
    await Promise.allSettled(looks);
    await raises('invalid_key', () => demo.authenticate.key(key, 'read'));
  });

  const endings: Readonly<Record<string, (demo: Opened, id: string, owner: Caller) => Promise<unknown>>> = {
    'is deactivated': (demo, id, caller) => demo.keys.deactivate({ caller }, id),
    'is deleted': (demo, id, caller) => demo.keys.remove({ caller }, id),
    'is rolled without overlap': (demo, id, caller) => demo.keys.roll({ caller }, id, 0),
    'is given an earlier end': (demo, id, caller) =>
      demo.keys.renew({ caller }, id, '2026-11-21T07:48:39.123Z'),
    'has an account that is disabled': (demo, _id, caller) =>
      demo.accounts.disable(BY_ADMINISTRATOR, Object(caller).account),
    'has an account that is deleted': (demo, _id, caller) =>
      demo.accounts.remove(BY_ADMINISTRATOR, Object(caller).account),
  };
  test('what ends a key shows at once here, and in other processes at once or as soon as they are told', async (t) => {
    const { now } = clock();
    const [one, two] = [await open('shared'), await open('shared')];
    const [demo, other] = [await openDemo(one, { now }), await openDemo(two, { now })];
    for (const [what, end] of Object.entries(endings))
      await t.test(what, async () => {
        const { caller } = await newAccount(demo, what.replaceAll(' ', '-'));
        const { key, id } = await demo.keys.create({ caller }, {});
        for (const each of [demo, other]) await each.authenticate.key(key, 'read');
        await end(demo, id, caller);
        await raises('invalid_key', () => demo.authenticate.key(key, 'read'));
        await raises('invalid_key', () => other.authenticate.key(key, 'write'));
        // The clock stands still: it is not time that makes the read look again.
        const read = async () => other.authenticate.key(key, 'read');
        if (two.foreignCommits() !== undefined) await raises('invalid_key', read);
        else
          await until(() =>
            read().then(
              () => false,
              () => true,
            ),
          );
      });
  });

  test('roles of the account show at once in every process', async () => {
    const { now } = clock();
    const accounts = { roles: ['editor'] };
    const demo = await openDemo(await open('shared'), { now, accounts });
    const other = await openDemo(await open('shared'), { now, accounts });
    const { caller, account } = await newAccount(demo, 'eve');
    const { key } = await demo.keys.create({ caller }, {});
    for (const roles of [['editor'], []]) {
      for (const each of [demo, other]) await each.authenticate.key(key, 'read');
      await demo.accounts.setRoles(BY_ADMINISTRATOR, account.id, roles);
      for (const each of [demo, other]) {
        const found = await each.authenticate.key(key, 'read');
        assert.deepEqual(Object(found).roles ?? [], roles);
      }
    }
  });
});
