import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const ROOT = resolve(import.meta.dirname, '../../..');

test('the snippets of the documents compile', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'trestle-client-'));
  t.after(() => rmSync(folder, { recursive: true }));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const compilerOptions = { lib: ['esnext', 'dom'], noUnusedLocals: false };
  const tsconfig = { extends: join(ROOT, 'tsconfig.json'), compilerOptions, include: ['.'] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig));
  const text = readFileSync(join(ROOT, 'docs/client.md'), 'utf8');
  const files = [...text.matchAll(/^```ts\n\/\/ (\S+)\n([\s\S]*?)^```$/gm)];
  assert.ok(files.length >= 8);
  for (const [, name = '', code = ''] of files) writeFileSync(join(folder, name), code);
  // Those of the README go on from one to the next, with the changelog as the app.
  const readme = readFileSync(join(ROOT, 'packages/client/README.md'), 'utf8');
  const blocks = [...readme.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code);
  assert.ok(blocks.length >= 4);
  const [first = '', ...others] = blocks;
  const app = join(ROOT, 'apps/changelog/app.ts');
  const code = [first.replace('./app.ts', app), ...others.map((each) => `{\n${each}}\n`)].join('');
  writeFileSync(join(folder, 'readme.ts'), `declare const password: string;\n${code}export { password };\n`);
  const { stdout } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', folder, '--checkers', '1'], {
    encoding: 'utf8',
  });
  assert.equal(stdout, '');
});
