import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkWaits } from '../../../../scripts/check-waits.ts';
import { madeRepository } from './made-repository.ts';

const PAUSES = [
  "import { setTimeout as wait } from 'node:timers/promises';",
  'await new Promise((resolve) => setTimeout(resolve, 200));',
  'await new Promise<void>((done) =>\n  setTimeout(done, 200));',
  'await sleep(100);',
];

const EVENTS = [
  "await once(socket, 'close');",
  "await run('select pg_sleep(1)');",
  'const timer = setTimeout(stop, 9);',
];

describe('tests wait for events', () => {
  for (const code of [...PAUSES, ...EVENTS])
    test(code, (t) => {
      const root = madeRepository(t, {
        'packages/trestle/test/a.test.ts': code,
        'apps/notes/test/b.ts': code,
        'packages/trestle/src/c.ts': code,
        'packages/trestle/test/until.ts': code,
      });
      const files = checkWaits(root).map(({ file }) => file);
      const expected = PAUSES.includes(code)
        ? ['apps/notes/test/b.ts', 'packages/trestle/test/a.test.ts']
        : [];
      assert.deepEqual(files, expected);
    });
});
