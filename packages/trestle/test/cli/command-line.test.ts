import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { appFolder, run, temporaryFolder } from '../processes.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const MAIN = join(ROOT, 'packages/trestle/src/cli/main.ts');

test('--version is that of the package', async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'packages/trestle/package.json'), 'utf8'));
  assert.equal((await run(['--version'])).stdout, `${version}\n`);
});

test('a command whose reader has seen enough ends without a word', async () => {
  const child = spawn(process.execPath, [MAIN, 'completion', 'bash'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  const [errors] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  assert.equal(errors, '');
});

test('check --types runs the compiler of the project with its settings', async () => {
  const folder = temporaryFolder();
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const options = { allowImportingTsExtensions: true, module: 'nodenext', target: 'esnext', types: ['node'] };
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { ...options, skipLibCheck: true } }),
  );
  const declared = (title: string) => `import { app, resource, text } from 'trestle';
const notes = resource({ fields: { title: text(${title}) } });
export default app({ name: 'notes', resources: { notes } });`;
  writeFileSync(join(folder, 'app.ts'), declared('{ max: 7 }'));
  const right = await run(['check', '--types', folder]);
  assert.match(right.stdout, /tsconfig\.json: no type errors/, right.stderr);
  writeFileSync(join(folder, 'app.ts'), declared("{ max: '7' }"));
  const wrong = await run(['check', '--types', folder]);
  assert.deepEqual([wrong.code, /app\.ts\(2,\d+\): error TS2322/.test(wrong.stdout)], [1, true]);
  const nowhere = await run(['check', '--types', appFolder(declared('{}'))]);
  assert.match(nowhere.stderr, /there is no tsconfig\.json for /);
});
