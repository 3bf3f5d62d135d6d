import { readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path/posix';
import { described, type Finding } from './finding.ts';
import { repositoryFiles } from './repository-files.ts';

const ENGINE = 'packages/trestle/src';
const MAX_FILES = 15;

/**
 * Base names that occur twice because the files are the same thing: for two databases, two field types, a command and what
 * it runs, an interface and its implementation.
 */
const SAME_THING = /\/(?:sqlite|postgres|fields|cli\/commands|schema\/services)\//;

/** Entry points of the package: what they export is for users. */
const ENTRIES = /"\.\/src\/([\w-]+\.ts)"/g;

/**
 * Folders of the engine and of the admin UI with too many files; of the engine also base names that occur twice, exported names
 * that nothing imports (no file of the engine, no test, no entry point), and characters beyond Latin-1.
 */
export function checkLayout(root: string): Finding[] {
  const files = repositoryFiles(root, `${ENGINE}/**/*.ts`);
  const ui = repositoryFiles(root, 'packages/admin/src/**/*.{ts,tsx,css}');
  return [
    ...fullFolders([...files, ...ui]),
    ...sharedNames(files),
    ...unusedExports(root, files),
    ...wideCharacters(root, files),
  ];
}

function fullFolders(files: readonly string[]): Finding[] {
  return [...Map.groupBy(files, dirname)]
    .filter(([, inside]) => inside.length > MAX_FILES)
    .map(([folder, { length }]) => ({
      file: folder,
      line: 1,
      message: `${length} files; a folder has at most ${MAX_FILES}`,
    }));
}

function sharedNames(files: readonly string[]): Finding[] {
  const own = files.filter((file) => !SAME_THING.test(file));
  return [...Map.groupBy(own, (file) => basename(file))].flatMap(([, [first = '', ...others]]) =>
    others.map((file) => ({ file, line: 1, message: `${first} has the same name` })),
  );
}

/** One such character, and V8 keeps two bytes for each of its module, whose text stays in memory. */
function wideCharacters(root: string, files: readonly string[]): Finding[] {
  return files.flatMap((file) => {
    const code = readFileSync(join(root, file), 'utf8');
    return [...code.matchAll(/[^\0-\xff]/gu)].map(({ 0: character, index }) => ({
      file,
      line: code.slice(0, index).split('\n').length,
      message: `'${character}' is beyond Latin-1; write ASCII, or \\u{${character.codePointAt(0)?.toString(16)}}`,
    }));
  });
}

const EXPORT =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|const|let|type|interface) (\w+)/gm;
const FROM = /^\s*(?:import|export)\b([^'";]*?)\bfrom\s*'(\.[^']+)'/gm;
const DYNAMIC = /\bimport\(\s*'(\.[^']+)'\s*\)/g;

function unusedExports(root: string, files: readonly string[]): Finding[] {
  const users = repositoryFiles(
    root,
    `${ENGINE}/**/*.ts`,
    'packages/trestle/bin/*.js',
    'packages/trestle/test/**/*.ts',
  );
  const used = new Set<string>();
  for (const file of users) {
    const code = readFileSync(join(root, file), 'utf8');
    for (const [, names = '', source = ''] of code.matchAll(FROM)) {
      const target = normalize(join(dirname(file), source));
      if (names.includes('*')) used.add(target);
      for (const [, name] of names.matchAll(/(\w+)(?:\s+as\s+\w+)?\s*(?=[,}])/g))
        used.add(`${target} ${name}`);
    }
    for (const [, source = ''] of code.matchAll(DYNAMIC)) used.add(normalize(join(dirname(file), source)));
  }
  const manifest = readFileSync(join(root, 'packages/trestle/package.json'), 'utf8');
  for (const [, entry] of manifest.matchAll(ENTRIES)) used.add(`${ENGINE}/${entry}`);
  return files
    .filter((file) => !used.has(file))
    .flatMap((file) => {
      const code = readFileSync(join(root, file), 'utf8');
      return [...code.matchAll(EXPORT)]
        .filter(([, name]) => !used.has(`${file} ${name}`))
        .map(({ 1: name, index }) => ({
          file,
          line: code.slice(0, index).split('\n').length,
          message: `nothing imports '${name}'; do not export it`,
        }));
    });
}

if (import.meta.main) {
  const findings = checkLayout(process.cwd());
  for (const finding of findings) console.log(described(finding));
  process.exitCode = findings.length === 0 ? 0 : 1;
}
