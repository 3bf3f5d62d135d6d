import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { provenanceOf } from '../../../../scripts/provenance.ts';
import { billOfMaterials, releaseProblems } from '../../../../scripts/release.ts';
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

test('the bill of materials has every dependency, and none that only the repository needs', () => {
  const { components } = billOfMaterials();
  const { dependencies }: { dependencies: Record<string, string> } = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'),
  );
  for (const [name, version] of Object.entries(dependencies))
    assert.ok(
      components.some((each) => each.name === name && each.version === version),
      name,
    );
  assert.ok(components.some(({ name }) => name === 'pg-pool'));
  assert.ok(!components.some(({ name }) => name === 'playwright-core'));
});

test('each package of the repository has a version', () => {
  // In a folder named as one of them npm takes all into the bill of materials, and fails at one without a version.
  const root = join(import.meta.dirname, '../../../..');
  for (const file of globSync('{apps,packages}/*/package.json', { cwd: root }))
    assert.match(String(JSON.parse(readFileSync(join(root, file), 'utf8')).version), /^\d+\.\d+\.\d+$/, file);
});

test('provenance names what was built, its digests, the commit and the builder', (t) => {
  const root = madeRepository(t, { 'a-1.0.0.tgz': 'a', 'package-lock.json': '{}' });
  const build = {
    files: [join(root, 'a-1.0.0.tgz')],
    commit: 'c0ffee',
    repository: 'https://example.org/a.git',
    lockfile: join(root, 'package-lock.json'),
    version: '1.0.0',
    startedOn: new Date(0),
    finishedOn: new Date(1),
  };
  const { subject, predicateType, predicate } = provenanceOf(build, {
    GITHUB_SERVER_URL: 'https://example.org',
    GITHUB_WORKFLOW_REF: 'a/.github/workflows/release.yml@refs/tags/v1.0.0',
  });
  const sha256 = createHash('sha256').update('a').digest('hex');
  assert.deepEqual(subject, [{ name: 'a-1.0.0.tgz', digest: { sha256 } }]);
  assert.equal(predicateType, 'https://slsa.dev/provenance/v1');
  const [source] = predicate.buildDefinition.resolvedDependencies;
  assert.deepEqual(source, { uri: 'git+https://example.org/a.git', digest: { gitCommit: 'c0ffee' } });
  assert.equal(
    predicate.runDetails.builder.id,
    'https://example.org/a/.github/workflows/release.yml@refs/tags/v1.0.0',
  );
});
