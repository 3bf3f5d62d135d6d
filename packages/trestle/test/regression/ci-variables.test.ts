// The variables of .ci/run reach every server its tests start, which refuses those it does not know.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { refuseUnknownVariables } from '../../src/cli/data-options.ts';

const CI = new URL('../../../../.ci/run', import.meta.url);

test('a server knows every TRESTLE_ variable that .ci/run sets', (t) => {
  const names = new Set(readFileSync(CI, 'utf8').match(/\bTRESTLE_[A-Z_]+(?==)/g));
  assert.ok(names.size > 0);
  for (const name of names) {
    const before = process.env[name];
    process.env[name] = 'set';
    t.after(() => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    });
  }
  assert.doesNotThrow(() => refuseUnknownVariables([], []));
});
