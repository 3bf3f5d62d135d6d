import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, test } from 'node:test';
import { repositoryFiles } from '../../../../scripts/repository-files.ts';

const ROOT = resolve(import.meta.dirname, '../../../..');
const { dependencies, peerDependencies } = JSON.parse(read('packages/trestle/package.json'));
const names: string[] = Object.keys({ ...dependencies, ...peerDependencies }).sort();

describe('every dependency', () => {
  test('has its line in ARCHITECTURE.md, and no other has', () => {
    const rows = read('ARCHITECTURE.md')
      .split('## Dependencies')[1]
      ?.matchAll(/^\| ([@a-z].*?) \| .+ \|$/gm);
    const told = [...(rows ?? [])].flatMap(([, cell = '']) => cell.split(', '));
    assert.deepEqual(told.filter((name) => name !== 'package').sort(), names);
  });

  test('is used by the engine', () => {
    const code = repositoryFiles(ROOT, 'packages/trestle/src/**/*.ts').map(read).join('\n');
    const unused = names.filter((name) => !code.includes(`'${name}'`) && !code.includes(`'${name}/`));
    assert.deepEqual(unused, []);
  });

  test('is pinned to one version', () => {
    for (const version of Object.values(dependencies)) assert.match(String(version), /^\d+\.\d+\.\d+/);
  });
});

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}
