import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

test('an install compiles ahead what a start loads, and says nothing', () => {
  const script = join(import.meta.dirname, '../../../../scripts/warm-start.js');
  const { status, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  assert.equal(stderr, '');
  assert.equal(status, 0);
});
