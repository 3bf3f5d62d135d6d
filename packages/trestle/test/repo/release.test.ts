import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { releaseProblems } from '../../../../scripts/release.ts';
import { madeRepository } from './made-repository.ts';

test('a release is refused with a dirty tree, an Unreleased heading, versions that differ, a tag that exists', (t) => {
  const root = madeRepository(t, {
    'packages/trestle/package.json': '{"version":"1.2.3"}',
    'packages/create-trestle/package.json': '{"version":"1.2.3"}',
    'CHANGELOG.md': '# Changelog\n\n## 1.2.3 - 2026-11-26\n\n## 1.2.2 - 2026-10-01\n',
  });
  const git = (...args: string[]) => {
    const person = ['-c', 'user.name=a', '-c', 'user.email=a@example.com'];
    assert.equal(spawnSync('git', [...person, ...args], { cwd: root }).status, 0);
  };
  const commit = () => {
    git('add', '-A');
    git('commit', '-qm', 'change');
  };
  git('init', '-q');
  commit();
  assert.deepEqual(releaseProblems(root), []);

  writeFileSync(join(root, 'CHANGELOG.md'), '# Changelog\n\n## Unreleased\n');
  const dirty = releaseProblems(root);
  assert.match(dirty[0] ?? '', /not committed; commit them:\n.*CHANGELOG\.md/);
  assert.deepEqual(dirty.slice(1), [
    "CHANGELOG.md has a heading 'Unreleased'; name it '1.2.3 - YYYY-MM-DD'",
    "CHANGELOG.md has no heading '1.2.3 - YYYY-MM-DD'",
  ]);

  writeFileSync(join(root, 'CHANGELOG.md'), '## 1.2.3 - 2026-11-26\n');
  writeFileSync(join(root, 'packages/create-trestle/package.json'), '{"version":"1.2.2"}');
  commit();
  git('tag', 'v1.2.3');
  assert.deepEqual(releaseProblems(root), [
    'v1.2.3 is released already; raise the version',
    'packages/create-trestle has version 1.2.2; expected 1.2.3',
  ]);
});
