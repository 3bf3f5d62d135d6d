import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eachStore } from '../stores.ts';
import { FROM_HERE, openDemo } from './opened.ts';
import { raises } from './raises.ts';

const SAMPLES = 15;

eachStore('time of a failed sign-in', (open) => {
  test('tells no more of an unknown name than of a wrong password', async () => {
    const throttle = {
      account: { free: 1e6, longest: 1, stop: 1e9 },
      source: { limit: 1e6, window: 60 },
    };
    const demo = await openDemo(await open(), { throttle, passwords: {} });
    await demo.accounts.signUp(FROM_HERE, { username: 'ann', password: 'pass' });
    const times: Record<string, number[]> = { ann: [], nobody: [] };
    for (let sample = 0; sample < SAMPLES; sample += 1)
      for (const username of sample % 2 === 0 ? ['ann', 'nobody'] : ['nobody', 'ann']) {
        const start = performance.now();
        await raises('invalid_credentials', () =>
          demo.accounts.signIn(FROM_HERE, { username, password: 'no' }),
        );
        times[username]?.push(performance.now() - start);
      }
    const [known, unknown] = [fastest(times.ann), fastest(times.nobody)];
    // A hash costs some 25 ms and more; a shortcut would show as that much.
    assert.ok(Math.abs(known - unknown) < 0.3 * Math.max(known, unknown), `${known} ms and ${unknown} ms`);
  });
});

/** The least of some times: other work of the machine makes samples slower, never faster. */
function fastest(samples: number[] = []): number {
  return Math.min(...samples);
}
