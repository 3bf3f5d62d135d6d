// An account has a limited number of keys, however many it asks for at once; lists of keys and of sessions have pages.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newAccount, openDemo } from '../accounts/opened.ts';
import { eachStore } from '../stores.ts';

eachStore('keys of an account', (open) => {
  test('are limited and paged', async () => {
    const demo = await openDemo(await open(), { accounts: { keys: { max: 5 } } });
    const { caller } = await newAccount(demo, 'ann');
    const made = await Promise.allSettled(
      Array.from({ length: 8 }, (_, at) => demo.keys.create({ caller }, { name: `key ${at}` })),
    );
    const refusals = made.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
    assert.deepEqual(refusals, ['conflict', 'conflict', 'conflict']);
    const seen: string[] = [];
    let cursor: string | null | undefined;
    do {
      const page = await demo.keys.list({ caller }, { limit: 2, ...(cursor && { cursor }) });
      assert.ok(page.items.length <= 2);
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.next;
    } while (cursor !== null);
    assert.equal(new Set(seen).size, 5);
    assert.equal((await demo.accounts.sessions({ caller }, { limit: 1 })).items.length, 1);
    await demo.close();
  });
});
