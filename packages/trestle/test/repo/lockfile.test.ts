import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, test } from 'node:test';
import { repositoryFiles } from '../../../../scripts/repository-files.ts';

const ROOT = resolve(import.meta.dirname, '../../../..');

interface Entry {
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

const locked: Readonly<Record<string, Entry>> = json('package-lock.json').packages;

/** Rejects a lock file that `npm ci` would reject in a fresh clone. */
describe('package-lock.json', () => {
  test('knows what every package.json of the repository asks for', () => {
    const manifests = repositoryFiles(ROOT, 'package.json', '{packages,apps}/*/package.json');
    for (const manifest of manifests) {
      const { dependencies, devDependencies }: Entry = json(manifest);
      const entry = locked[manifest.replace(/\/?package\.json$/, '')];
      const asked = { dependencies, devDependencies };
      const known = { dependencies: entry?.dependencies, devDependencies: entry?.devDependencies };
      assert.deepEqual(known, asked, `${manifest}: run npm install --package-lock-only`);
    }
  });

  test('has every package that an optional dependency names, for every platform', () => {
    const names = Object.values(locked).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
    assert.deepEqual(
      names.filter((name) => locked[`node_modules/${name}`] === undefined),
      [],
    );
  });
});

function json(path: string) {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
}
