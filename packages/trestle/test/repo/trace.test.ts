import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { instrument } from '../../../../scripts/instrument.ts';
import { madeRepository } from './made-repository.ts';

const ROOT = resolve(import.meta.dirname, '../../../..');

const SOURCE = `
export class Box {
  constructor() { inner(); }
  #size() { return 1; }
  get size(): number { return this.#size(); }
}
function inner() {}
const wrap = (value: number) => ({ value });
export const run = async (box: Box) => [1].map((one) => wrap(one + box.size));
`;

test('a trace names every function that is entered, in order, but for constructors', async (t) => {
  const root = madeRepository(t, {
    'package.json': '{"type":"module"}',
    'packages/trestle/src/box.ts': SOURCE,
  });
  const tracer = instrument(root);
  const { Box, run } = await import(pathToFileURL(join(root, 'packages/trestle/src/box.ts')).href);
  const box = new Box();
  tracer.start();
  assert.deepEqual(await run(box), [{ value: 2 }]);
  const entered = tracer.stop();
  assert.deepEqual(
    entered.map(({ file, line, name }) => `${file.split('/').at(-1)}:${line} ${name}`),
    ['box.ts:9 run', 'box.ts:9 (anonymous)', 'box.ts:5 size', 'box.ts:4 #size', 'box.ts:8 wrap'],
  );
});

test('npm run trace counts the functions, files and file switches of a request, which are as few as ARCHITECTURE.md says', async () => {
  const script = join(ROOT, 'scripts/trace.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [script, 'patch', '--list', '--check']);
  const [, functions, files, switches] = /^\| PATCH.* \| (\d+) \| (\d+) \| (\d+) \|$/m.exec(stdout) ?? [];
  const entered = stdout.split('\n').filter((line) => /^[\w/.-]+\.ts:\d+ /.test(line));
  assert.equal(new Set(entered).size, Number(functions));
  assert.equal(new Set(entered.map((line) => line.split(':')[0])).size, Number(files));
  assert(Number(switches) < entered.length && Number(switches) >= Number(files) - 1);
  assert(entered.some((line) => line.startsWith('packages/trestle/src/rows/')));
});
