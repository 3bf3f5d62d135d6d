import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { manyResources } from './many-resources.ts';

const ROOT = resolve(import.meta.dirname, '../../../..');
const BUDGET = join(import.meta.dirname, 'scale-budget.json');

/**
 * The number of type instantiations is what grows when types get slow, and it is the same on every machine where one
 * checker runs. A rise past the recorded number is looked into, not recorded away.
 */
test('an app of 100 resources type-checks within its recorded budget', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'trestle-types-'));
  t.after(() => rm(folder, { recursive: true }));
  const budget = JSON.parse(await readFile(BUDGET, 'utf8'));
  const none = await instantiations(folder, 0);
  const hundred = (await instantiations(folder, budget.resources)) - none;
  t.diagnostic(`${hundred} instantiations of ${budget.instantiations}`);
  assert(
    hundred <= budget.instantiations,
    `${hundred} instantiations, ${budget.instantiations} are the budget`,
  );
  assert(hundred > budget.instantiations / 2, `${hundred} is far below the budget: record it in ${BUDGET}`);
  const fifty = (await instantiations(folder, budget.resources / 2)) - none;
  assert(hundred < fifty * 2.2, `twice the resources cost ${hundred / fifty} times as much, not twice`);
});

async function instantiations(folder: string, count: number): Promise<number> {
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules')).catch(() => {});
  const source = count === 0 ? `import 'trestle';\nimport 'trestle/contract';\n` : manyResources(count);
  await writeFile(join(folder, 'app.mts'), source);
  await writeFile(
    join(folder, 'tsconfig.json'),
    // Declarations, which few apps have made of them, ask for more types.
    JSON.stringify({
      extends: join(ROOT, 'tsconfig.json'),
      include: ['.'],
      compilerOptions: { declaration: false },
    }),
  );
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  const run = promisify(execFile)(tsc, ['-p', folder, '--extendedDiagnostics', '--checkers', '1']);
  const { stdout } = await run.catch((error) =>
    assert.fail(`the generated app does not compile:\n${String(error.stdout).slice(0, 2000)}`),
  );
  return Number(/^Instantiations:\s+(\d+)/m.exec(stdout)?.[1]);
}
