import { readFileSync } from 'node:fs';
import { join } from 'node:path/posix';
import { described, type Finding } from './finding.ts';
import { repositoryFiles } from './repository-files.ts';

/** Where a database may be known by its name. */
const DIALECTS = /^packages\/trestle\/src\/database\/(?:sqlite|postgres)\//;

/** Opens the store of an app on either database: the one file that imports both. */
const OPENING = 'packages/trestle/src/database/open-store.ts';

/** A comparison with a dialect's name, either way round, or a `case` of it. */
const COMPARISON =
  /[!=]==?\s*['"`](?:sqlite|postgres)['"`]|['"`](?:sqlite|postgres)['"`]\s*[!=]==?|\bcase\s+['"`](?:sqlite|postgres)['"`]/g;

/** An import from the folder of a database. */
const IMPORT = /(?:\bfrom|\bimport\()\s*'[^']*\/(?:sqlite|postgres)\/[^']*'/g;

/**
 * Code of the engine and its apps that asks which database it is, or imports one, outside the folders of the two databases.
 * Tests may: some look at a database itself, beside the store.
 */
export function checkDialects(root: string): Finding[] {
  return repositoryFiles(root, 'packages/trestle/src/**/*.ts', '{apps,examples}/**/*.ts')
    .filter((file) => !DIALECTS.test(file) && !file.split('/').includes('test') && !file.endsWith('.test.ts'))
    .flatMap((file) => {
      const code = readFileSync(join(root, file), 'utf8');
      const find = (pattern: RegExp, message: string) =>
        [...code.matchAll(pattern)].map(({ index }) => ({
          file,
          line: code.slice(0, index).split('\n').length,
          message,
        }));
      return [
        ...find(COMPARISON, "a comparison of a dialect's name: make the difference a member of Dialect"),
        ...(file === OPENING ? [] : find(IMPORT, 'an import of one database: only open-store.ts does so')),
      ];
    });
}

if (import.meta.main) {
  const findings = checkDialects(process.cwd());
  for (const finding of findings) console.log(described(finding));
  process.exitCode = findings.length === 0 ? 0 : 1;
}
