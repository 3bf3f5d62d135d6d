import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const ROOT = resolve(import.meta.dirname, '../../../..');

test('every whole TypeScript example of the documents compiles', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'trestle-examples-'));
  t.after(() => rm(folder, { recursive: true }));
  const documents = ['README.md', ...(await readdir(join(ROOT, 'docs'))).map((file) => `docs/${file}`)];
  let count = 0;
  for (const document of documents.filter((file) => file.endsWith('.md')))
    for (const [index, code] of (await examplesOf(document)).entries()) {
      count += 1;
      await writeFile(join(folder, `${document.replaceAll(/[/.]/g, '-')}-${index + 1}.mts`), code);
    }
  assert(count >= 5, `${count} examples found`);
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const project = { extends: join(ROOT, 'tsconfig.json'), include: ['*.mts'] };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(project));
  const compiled = promisify(execFile)(join(ROOT, 'node_modules/.bin/tsc'), ['-p', folder]);
  await compiled.catch((error) => assert.fail(`examples do not compile:\n${error.stdout}`));
});

async function examplesOf(document: string): Promise<string[]> {
  const text = await readFile(join(ROOT, document), 'utf8').catch(() => '');
  const examples = [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? '');
  // An ellipsis says that a part is left out.
  return examples.filter((code) => !code.includes('…'));
}
