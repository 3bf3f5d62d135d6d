import { existsSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, normalize } from 'node:path/posix';
import { described, type Finding } from './finding.ts';
import { repositoryFiles } from './repository-files.ts';

const ENGINE = 'packages/trestle/src/';

/** Files that every part may import. They import nothing of the engine themselves. */
const FOUNDATION = ['problems.ts', 'start-error.ts', 'fifo-map.ts', 'clock.ts', 'turns.ts', 'node-http.ts'];

/**
 * The imports that each part of the engine may have besides itself and the foundation, from the bottom up.
 * A part is a folder of `packages/trestle/src`, or a file in it.
 */
const DIRECTIONS: Readonly<Record<string, string>> = {
  'problems.ts': '',
  'start-error.ts': '',
  'fifo-map.ts': '',
  'turns.ts': '',
  'clock.ts': '',
  'node-http.ts': '',
  schema: '',
  database: 'schema',
  mail: 'schema',
  rows: 'schema database',
  accounts: 'schema database rows mail',
  jobs: 'schema database rows mail',
  'downloads.ts': 'jobs',
  'engine.ts': 'schema database rows accounts jobs mail',
  http: 'schema database rows accounts jobs engine.ts',
  'contract.ts': 'schema http',
  'index.ts': 'schema',
  'open.ts': 'schema engine.ts',
  'testing.ts': 'schema database rows accounts jobs engine.ts http',
  cli: 'schema database rows accounts jobs engine.ts http index.ts',
};

/** A whole import or export statement with a source, and `import(…)` of a path; line breaks inside the braces are fine. */
const IMPORT = /^\s*(?:import|export)\b(?:[^'";]*?\bfrom)?\s*'([^']+)'|\bimport\(\s*'(\.[^']+)'\s*\)/gm;

/** They import what generators make, in a folder of their test. */
const CALLS_OF_GENERATED_CLIENTS = 'packages/trestle/test/generators/clients/';

interface Import {
  file: string;
  line: number;
  source: string;
}

/** Every import of the repository that breaks a rule of direction, ending or dependency. */
export function checkImports(root: string): Finding[] {
  const files = repositoryFiles(root, '{packages,apps,examples,scripts,bench}/**/*.{ts,tsx}');
  const checked = files.filter((file) => !file.startsWith(CALLS_OF_GENERATED_CLIENTS));
  return checked.flatMap((file) => importsOf(root, file).flatMap((found) => broken(root, found)));
}

function importsOf(root: string, file: string): Import[] {
  const code = readFileSync(join(root, file), 'utf8');
  return [...code.matchAll(IMPORT)].map((match) => {
    const source = match[1] ?? match[2] ?? '';
    const end = match.index + match[0].length;
    return { file, line: code.slice(0, end).split('\n').length, source };
  });
}

function broken(root: string, found: Import): Finding[] {
  const message = found.source.startsWith('.') ? brokenPath(root, found) : brokenName(root, found);
  return message === undefined ? [] : [{ file: found.file, line: found.line, message }];
}

function brokenPath(root: string, { file, source }: Import): string | undefined {
  const target = normalize(join(dirname(file), source));
  if (!existsSync(join(root, target)))
    return `'${source}' does not exist; imports name the file with its .ts`;
  const home = packageOf(file);
  if (packageOf(target) !== home && !isTest(file) && home !== '')
    return `'${source}' leaves ${home}; import the package by its name`;
  return brokenDirection(file, target);
}

function brokenDirection(file: string, target: string): string | undefined {
  if (!file.startsWith(ENGINE) || !target.startsWith(ENGINE)) return undefined;
  const from = partOf(file);
  const to = partOf(target);
  if (from === to) return undefined;
  const above = DIRECTIONS[from];
  if (above === undefined)
    return `'${from}' has no row in the table of scripts/check-imports.ts; give it one`;
  const allowed = [...FOUNDATION, ...above.split(' ').filter(Boolean)];
  if (!FOUNDATION.includes(from) && allowed.includes(to)) return undefined;
  return `${from} must not import ${to}; it may import ${FOUNDATION.includes(from) ? 'nothing' : allowed.join(', ')}`;
}

/** Bare names: only what the nearest package.json declares, so that a fresh install has it. */
function brokenName(root: string, { file, source }: Import): string | undefined {
  if (source.startsWith('node:')) return undefined;
  if (isBuiltin(source)) return `write node:${source}`;
  const name = source.split('/', source.startsWith('@') ? 2 : 1).join('/');
  // Files of the repository itself, such as bench/, may import what the root and the engine declare.
  const own = packageOf(file);
  if (own === '' && Object.hasOwn(manifestOf(root, '').devDependencies ?? {}, name)) return undefined;
  const home = own || 'packages/trestle';
  const manifest = manifestOf(root, home);
  if (manifest.name === name || Object.hasOwn(manifest.dependencies ?? {}, name)) return undefined;
  if (Object.hasOwn(manifest.peerDependencies ?? {}, name)) return undefined;
  // What is bundled is installed nowhere.
  const isBundled = manifest.private === true && home.startsWith('packages/');
  if ((isBundled || !file.includes('/src/')) && Object.hasOwn(manifest.devDependencies ?? {}, name))
    return undefined;
  return `'${name}' is not declared in ${home}/package.json`;
}

interface Manifest {
  name?: string;
  private?: boolean;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

function manifestOf(root: string, folder: string): Manifest {
  const path = join(root, folder, 'package.json');
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
}

/** `packages/trestle` or `apps/changelog`; '' for what belongs to the repository itself. */
function packageOf(file: string): string {
  return /^(?:packages|apps)\/[^/]+/.exec(file)?.[0] ?? '';
}

function partOf(file: string): string {
  return file.slice(ENGINE.length).split('/')[0] ?? '';
}

function isTest(file: string): boolean {
  return file.includes('/test/') || file.endsWith('.test.ts');
}

if (import.meta.main) {
  const findings = checkImports(process.cwd());
  for (const finding of findings) console.log(described(finding));
  process.exitCode = findings.length === 0 ? 0 : 1;
}
