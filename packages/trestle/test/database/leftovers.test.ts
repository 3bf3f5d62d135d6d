import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { removeLeftovers, unfinishedName, writeJsonFile } from '../../src/database/leftovers.ts';
import { temporaryFolder } from '../processes.ts';

test('files that a killed process has not finished are removed, those of a running one are not', () => {
  const folder = temporaryFolder();
  const { pid } = spawnSync(process.execPath, ['--version']);
  const own = [unfinishedName('notes.db'), unfinishedName('notes.backups.json')];
  const left = ['notes.db', 'notes.backups.json'].map((name) => `${name}.${hostname()}.${pid}.part`);
  for (const name of [...own, ...left]) writeFileSync(join(folder, name), '');
  removeLeftovers(folder);
  assert.deepEqual(readdirSync(folder).sort(), own.sort());
});

test('a JSON file is for its owner alone, and nothing is left beside it', () => {
  const folder = temporaryFolder();
  const path = join(folder, 'notes.backups.json');
  writeJsonFile(path, { keep: 3 });
  assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), { keep: 3 });
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(folder), ['notes.backups.json']);
});
