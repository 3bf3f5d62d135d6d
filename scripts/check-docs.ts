import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path/posix';
import { described, type Finding } from './finding.ts';
import { repositoryFiles } from './repository-files.ts';

/** The folders a path in a document starts with where it means a file of the repository. */
const TOP = '(?:packages|apps|examples|docs|scripts|bench|\\.ci)';
/** A path in code, up to the first character no path of ours has. Capitals such as NAME stand for something else. */
const REPOSITORY_PATH = new RegExp(`(?<![\\w./:@-])${TOP}/[\\w./*{},-]*`, 'g');
/** A path below the engine's source, as ARCHITECTURE.md writes it. */
const ENGINE_PATH = /(?<![\w./:@-])(?:schema|database|rows|accounts|jobs|http|cli)\/[\w./*-]*/g;
/** Pages of the documentation site, in its order. */
const SIDEBAR = 'docs/.vitepress/config.ts';
const LINK = /\[[^\]]*\]\(([^()\s]+)\)/g;
const NPM_SCRIPT = /\bnpm (?:run ([\w:-]+)|(start|test)\b)/g;
const VARIABLE = /\bTRESTLE_[A-Z0-9_]+\b/g;
const OPTION = /(?<=\s)--[a-z][a-z-]*/g;
/** Commands whose options are ours: what follows on the line is looked up in the code that reads it. */
const OWN_COMMAND = /\bnpm (?:start|test|run [\w:-]+)\s+(?:[^|&]*?\s)?--\s|\btrestle\s/;

interface Line {
  file: string;
  line: number;
  text: string;
  /** The parts of the line that are code: spans, or all of it inside a fence. */
  code: string;
}

/** Every path, link, script, option and variable a document names that the repository does not have, and pages that nobody finds. */
export function checkDocs(root: string): Finding[] {
  const known = knownNames(root);
  const documents = repositoryFiles(root, '*.md', '{packages,apps,examples,docs,bench}/**/*.md');
  const wrong = documents.flatMap((file) =>
    linesOf(root, file).flatMap((line) => missing(root, line, known)),
  );
  return [...wrong, ...unlistedPages(root)];
}

/** Pages of docs/ that the README or the site's sidebar does not lead to. */
function unlistedPages(root: string): Finding[] {
  if (!existsSync(join(root, SIDEBAR))) return [];
  const lists = {
    'README.md': (page: string) => `(docs/${page}.md)`,
    [SIDEBAR]: (page: string) => `'/${page}'`,
  };
  const pages = globSync('docs/*.md', { cwd: root }).map((file) => basename(file, '.md'));
  return Object.entries(lists).flatMap(([file, linkTo]) => {
    const text = readFileSync(join(root, file), 'utf8');
    const unlisted = pages.filter((page) => page !== 'index' && !text.includes(linkTo(page)));
    return unlisted.map((page) => ({ file, line: 1, message: `no link leads to docs/${page}.md` }));
  });
}

interface Known {
  scripts: ReadonlySet<string>;
  options: ReadonlySet<string>;
  variables: ReadonlySet<string>;
}

/** Names that occur in the code, so that no separate list is needed. */
function knownNames(root: string): Known {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const read = (...patterns: string[]) =>
    repositoryFiles(root, ...patterns)
      .map((file) => readFileSync(join(root, file), 'utf8'))
      .join('\n');
  const commands = read('packages/trestle/src/cli/**/*.ts', '{scripts,bench}/**/*.ts', 'apps/**/*.ts');
  const code = commands + read('packages/*/src/**/*.ts');
  return {
    scripts: new Set(['start', 'test', ...Object.keys(manifest.scripts)]),
    options: new Set([...commands.matchAll(/--(?:no-)?[a-z][a-z-]*/g)].map(([name]) => name)),
    variables: new Set(code.match(VARIABLE)),
  };
}

function linesOf(root: string, file: string): Line[] {
  let fenced = false;
  return readFileSync(join(root, file), 'utf8')
    .split('\n')
    .map((text, index) => {
      const fence = /^\s*(```|~~~)/.test(text);
      if (fence) fenced = !fenced;
      const spans = [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1]).join('\n');
      return { file, line: index + 1, text: fenced ? '' : text, code: fenced && !fence ? text : spans };
    });
}

function missing(root: string, line: Line, known: Known): Finding[] {
  const messages = [
    ...deadLinks(root, line),
    ...deadPaths(root, line),
    ...unknown(
      line.code.matchAll(NPM_SCRIPT),
      known.scripts,
      (name) => `package.json has no script '${name}'`,
    ),
    ...unknown(line.code.matchAll(VARIABLE), known.variables, (name) => `no code reads ${name}`),
    ...unknown(ownOptions(line), known.options, (name) => `no command of ours takes ${name}`),
  ];
  return messages.map((message) => ({ file: line.file, line: line.line, message }));
}

function unknown(
  named: Iterable<RegExpMatchArray>,
  known: ReadonlySet<string>,
  message: (name: string) => string,
): string[] {
  const names = [...named].map((match) => match[1] ?? match[2] ?? match[0]);
  return names.filter((name) => !known.has(name)).map(message);
}

function ownOptions({ code }: Line): Iterable<RegExpMatchArray> {
  return code.split('\n').flatMap((part) => {
    const command = OWN_COMMAND.exec(part);
    const [ours = ''] = command ? part.slice(command.index).split(/[|;]|&&/) : [];
    return [...ours.matchAll(OPTION)];
  });
}

function deadLinks(root: string, { file, text }: Line): string[] {
  const targets = [...text.matchAll(LINK)].map((match) => match[1] ?? '');
  return targets.flatMap((target) => {
    if (/^[a-z]+:/.test(target)) return [];
    const [path = '', anchor] = target.split('#');
    const linked = path === '' ? file : normalize(join(dirname(file), path));
    if (!existsSync(join(root, linked))) return [`the link to ${target} leads nowhere`];
    if (anchor === undefined || !linked.endsWith('.md')) return [];
    return anchorsOf(root, linked).has(anchor) ? [] : [`${linked} has no heading #${anchor}`];
  });
}

/** Headings as GitHub makes anchors of them. */
function anchorsOf(root: string, file: string): Set<string> {
  const headings = readFileSync(join(root, file), 'utf8').matchAll(/^#{1,6} (.+)$/gm);
  const anchor = (heading: string) =>
    heading
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '');
  return new Set([...headings].map((match) => anchor(match[1] ?? '').replaceAll(' ', '-')));
}

function deadPaths(root: string, { code }: Line): string[] {
  const paths = [
    ...[...code.matchAll(REPOSITORY_PATH)].map(([path]) => path),
    ...[...code.matchAll(ENGINE_PATH)].map(([path]) => `packages/trestle/src/${path}`),
  ];
  return paths
    .map((path) => path.replace(/[.,]+$/, ''))
    .filter((path) => !/[A-Z]{2}/.test(path) && globSync(path, { cwd: root }).length === 0)
    .map((path) => `there is no ${path}`);
}

if (import.meta.main) {
  const findings = checkDocs(process.cwd());
  for (const finding of findings) console.log(described(finding));
  process.exitCode = findings.length === 0 ? 0 : 1;
}
