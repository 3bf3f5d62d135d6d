import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkLayout } from '../../../../scripts/check-layout.ts';
import { described } from '../../../../scripts/finding.ts';
import { madeRepository } from './made-repository.ts';

const SOURCE = 'packages/trestle/src';
const MANIFEST = { 'packages/trestle/package.json': '{"exports":{".":"./src/index.ts"}}' };

function found(t: Parameters<typeof madeRepository>[0], files: Readonly<Record<string, string>>): string[] {
  return checkLayout(madeRepository(t, { ...MANIFEST, ...files })).map(described);
}

describe('layout of the engine', () => {
  test('a folder has at most 15 files', (t) => {
    const files = Array.from({ length: 16 }, (_, at) => [`${SOURCE}/rows/file-${at}.ts`, '']);
    assert.deepEqual(found(t, Object.fromEntries(files.slice(1))), []);
    assert.deepEqual(found(t, Object.fromEntries(files)), [
      `${SOURCE}/rows:1: 16 files; a folder has at most 15`,
    ]);
  });

  test('a base name occurs twice only for two databases or two kinds of field', (t) => {
    const paths = ['database/sqlite/dialect.ts', 'database/postgres/dialect.ts', 'rows/list.ts'];
    const files = Object.fromEntries(paths.map((path) => [`${SOURCE}/${path}`, '']));
    assert.deepEqual(found(t, files), []);
    assert.deepEqual(found(t, { ...files, [`${SOURCE}/schema/fields/list.ts`]: '' }), []);
    assert.deepEqual(found(t, { ...files, [`${SOURCE}/jobs/list.ts`]: '' }), [
      `${SOURCE}/rows/list.ts:1: ${SOURCE}/jobs/list.ts has the same name`,
    ]);
  });

  test('an exported name has a user: the engine, a test, or a reader of an entry point', (t) => {
    const files = {
      [`${SOURCE}/index.ts`]: "export { one } from './a.ts';\nexport const two = 2;",
      [`${SOURCE}/a.ts`]: 'export const one = 1;\nexport interface Three {}\nexport function four() {}',
      [`${SOURCE}/b.ts`]: `import {\n  four as five,\n} from './a.ts';\nconst { six } = await ${'import'}('./c.ts');`,
      [`${SOURCE}/c.ts`]: 'export const six = 6;',
      [`${SOURCE}/d.ts`]: 'export const seven = 7;',
      'packages/trestle/test/d.test.ts': "import { seven } from '../src/d.ts';",
    };
    assert.deepEqual(found(t, files), [`${SOURCE}/a.ts:2: nothing imports 'Three'; do not export it`]);
  });

  test('no character is beyond Latin-1', (t) => {
    const files = { [`${SOURCE}/index.ts`]: "// n²\nexport const dots = '\u2026';\n" };
    assert.deepEqual(found(t, files), [
      `${SOURCE}/index.ts:2: '\u2026' is beyond Latin-1; write ASCII, or \\u{2026}`,
    ]);
  });
});
