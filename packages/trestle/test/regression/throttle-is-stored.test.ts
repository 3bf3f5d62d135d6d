// Failed sign-ins of an account outlast a restart and refused attempts of strangers; trusted sources outlast them, too.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clock, FROM_HERE, newAccount, openDemo } from '../accounts/opened.ts';
import { raises } from '../accounts/raises.ts';
import { eachStore } from '../stores.ts';

eachStore('failed sign-ins of an account', (open) => {
  test('are kept where nobody pushes them out', async () => {
    const store = await open();
    const { now } = clock();
    const demo = await openDemo(store, { now });
    await newAccount(demo, 'ann');
    const from = (address: string) => ({ ...FROM_HERE, origin: { address } });
    const guess = (at: number) =>
      demo.accounts.signIn(from(`198.51.100.${at}`), { username: 'ann', password: 'wrong' });
    for (let at = 0; at < 5; at += 1) await raises('invalid_credentials', () => guess(at));
    const stranger = from('203.0.113.9');
    for (let at = 0; at < 300; at += 1)
      await demo.accounts.signIn(stranger, { username: `nobody${at}`, password: 'x' }).catch(() => {});
    await raises('too_many_requests', () => guess(5));
    await demo.close();

    const again = await openDemo(store, { now });
    const right = { username: 'ann', password: 'pass' };
    await raises('too_many_requests', () => again.accounts.signIn(from('198.51.100.77'), right));
    assert.equal((await again.accounts.signIn(FROM_HERE, right)).account.username, 'ann');
    await again.close();
  });
});
