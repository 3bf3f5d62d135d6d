// An administrator's secret has at least 32 characters; guesses at it are throttled by source and logged.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HERE, openDemo } from '../accounts/opened.ts';
import { raises } from '../accounts/raises.ts';
import { eachStore } from '../stores.ts';

const SECRET = 'an-administrators-secret-of-40-characters';

eachStore("the administrator's secret", (open) => {
  test('is long, and not to be guessed', async () => {
    const short = openDemo(await open(), { administratorSecret: 'x'.repeat(31) });
    await assert.rejects(short, /TRESTLE_ADMIN_SECRET has 31 characters; it needs at least 32/);
    const demo = await openDemo(await open(), { administratorSecret: SECRET });
    for (let at = 0; at < 10; at += 1)
      await raises('invalid_token', () => demo.authenticate.administrator(`guess ${at}`, HERE));
    const refused = await raises('too_many_requests', () => demo.authenticate.administrator(SECRET, HERE));
    assert.ok(Number(refused.headers['Retry-After']) > 0);
    const elsewhere = { address: '198.51.100.7' };
    assert.equal(demo.authenticate.administrator(SECRET, elsewhere).kind, 'administrator');
    const names = demo.events.map(({ event }) => event);
    assert.deepEqual(names, [...new Array(10).fill('administrator_refused'), 'administrator_throttled']);
    assert.ok(!JSON.stringify(demo.events).includes('guess'));
    await demo.close();
  });
});
