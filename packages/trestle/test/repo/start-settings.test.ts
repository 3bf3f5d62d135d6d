import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '../../../..');

/** Files that start a server, each by its own means. An executable of `trestle bundle` has no environment of its own. */
const STARTS = [
  'package.json',
  'Dockerfile',
  'deploy/trestle.service',
  'packages/create-trestle/templates/common/Dockerfile',
];

test('files that start a server give it the settings of docs/configuration.md, Memory', () => {
  for (const file of STARTS) {
    const text = readFileSync(join(ROOT, file), 'utf8');
    assert.match(text, /\bMALLOC_ARENA_MAX=2\b/, file);
    assert.match(text, /--max-semi-space-size=4\b/, file);
  }
});
