import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eachStore } from '../stores.ts';
import { FROM_HERE, openDemo } from './opened.ts';
import { raises } from './raises.ts';

const MIN_SAMPLES = 10;
const MAX_SAMPLES = 150;

eachStore('time of a failed sign-in', (open) => {
  test('tells no more of an unknown name than of a wrong password', async () => {
    const throttle = {
      account: { free: 1e6, longest: 1, stop: 1e9 },
      source: { limit: 1e6, window: 60 },
    };
    const demo = await openDemo(await open(), { throttle, passwords: {} });
    await demo.accounts.signUp(FROM_HERE, { username: 'ann', password: 'pass' });
    const fastest = { ann: Number.POSITIVE_INFINITY, nobody: Number.POSITIVE_INFINITY };
    // Other work of the machine makes samples slower, never faster. A hash costs some 25 ms; a shortcut would show as that much.
    const differs = () =>
      Math.abs(fastest.ann - fastest.nobody) > 0.3 * Math.max(fastest.ann, fastest.nobody);
    for (let sample = 0; sample < MAX_SAMPLES && (sample < MIN_SAMPLES || differs()); sample += 1)
      for (const username of ['ann', 'nobody'] as const) {
        const start = performance.now();
        await raises('invalid_credentials', () =>
          demo.accounts.signIn(FROM_HERE, { username, password: 'no' }),
        );
        fastest[username] = Math.min(fastest[username], performance.now() - start);
      }
    assert.ok(!differs(), JSON.stringify(fastest));
  });
});
