// Sessions and throttles go by the database's clock: processes whose own clocks differ, or are set back, agree on them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clock, FROM_HERE, HERE, newAccount, openDemo } from '../accounts/opened.ts';
import { raises } from '../accounts/raises.ts';
import { eachStore } from '../stores.ts';

eachStore('clocks', (open) => {
  test('that differ by an hour end no session', async (t) => {
    const store = await open();
    const accounts = { tokens: { access: '10s', refresh: '60s' } } as const;
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() - 3_600_000 });
    const late = await openDemo(store, { accounts });
    const { tokens } = await newAccount(late, 'ann');
    t.mock.timers.reset();
    const right = await openDemo(store, { accounts });
    assert.equal((await right.authenticate.bearer(tokens.access, 'write', HERE)).kind, 'account');
    const next = await right.accounts.refresh(FROM_HERE, String(tokens.refresh));
    assert.equal((await late.authenticate.bearer(next.access, 'write', HERE)).kind, 'account');
    await late.close();
    await right.close();
  });

  test('that are set back an hour sign nobody out and keep nobody out', async () => {
    const time = clock();
    const demo = await openDemo(await open(), { now: time.now });
    const { tokens } = await newAccount(demo, 'ann');
    const elsewhere = { ...FROM_HERE, origin: { address: '198.51.100.7' } };
    for (let at = 0; at < 5; at += 1)
      await raises('invalid_credentials', () =>
        demo.accounts.signIn(elsewhere, { username: 'ann', password: 'wrong' }),
      );
    time.pass(-3600);
    assert.equal((await demo.authenticate.bearer(tokens.access, 'write', HERE)).kind, 'account');
    await demo.accounts.refresh(FROM_HERE, String(tokens.refresh));
    await demo.accounts.signIn(elsewhere, { username: 'ann', password: 'pass' });
    await demo.close();
  });
});
