import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { AnyNode } from 'acorn';
import { type ParsedSource, parseSource, visitNodes } from './parse-source.ts';
import { repositoryFiles } from './repository-files.ts';

const HELP = `npm run measure -- [options]

Figures about packages/trestle/src: lines, local functions used once (functions that are not exported, and #private
methods, whose name occurs exactly twice in their file), places that build a write statement, comparisons with a
database's name outside the folders of the two databases, and files in the largest folder.

  --list         the places behind each figure
  --root FOLDER  the repository to measure (default: this one)
  --help         this text`;

/** Files of the engine whose place is one of the two databases' own. */
const DIALECT_FOLDER = /\/(?:sqlite|postgres)\//;

interface Figure {
  name: string;
  places: string[];
}

const { values: options } = parseArgs({
  options: {
    list: { type: 'boolean', default: false },
    root: { type: 'string', default: resolve(import.meta.dirname, '..') },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) console.log(HELP);
else printFigures(options.root);

function printFigures(root: string): void {
  const files = repositoryFiles(root, 'packages/trestle/src/**/*.ts');
  const figures: Figure[] = [
    { name: 'local functions used once', places: [] },
    { name: 'write statements', places: [] },
    { name: 'comparisons with a database name', places: [] },
  ];
  let lines = 0;
  for (const file of files) {
    lines += readFileSync(join(root, file), 'utf8').split('\n').length - 1;
    const source = parseSource(join(root, file));
    const found = [singleUses(source), writeStatements(source), dialectNames(file, source)];
    for (const [index, places] of found.entries())
      figures[index]?.places.push(...places.map(({ line, text }) => `${file}:${line} ${text}`));
  }
  console.log(`${lines} lines in ${files.length} files`);
  for (const { name, places } of figures) {
    const share = name.startsWith('local')
      ? ` (${((1000 * places.length) / lines).toFixed(1)} per 1,000 lines)`
      : '';
    console.log(`${places.length} ${name}${share}`);
    if (options.list) for (const place of places) console.log(`  ${place}`);
  }
  const folders = Map.groupBy(files, (file) => file.slice(0, file.lastIndexOf('/')));
  const [largest] = [...folders].sort(([, a], [, b]) => b.length - a.length);
  console.log(`${largest?.[1].length} files in the largest folder, ${largest?.[0]}`);
}

interface Place {
  line: number;
  text: string;
}

function singleUses({ code, program }: ParsedSource): Place[] {
  const declared: { name: string; at: number }[] = [];
  visitNodes(program, (node, parent) => {
    const each = node as AnyNode;
    if (each.type === 'FunctionDeclaration' && each.id && !parent?.type.startsWith('Export'))
      declared.push({ name: each.id.name, at: each.start });
    else if (each.type === 'MethodDefinition' && each.key.type === 'PrivateIdentifier')
      declared.push({ name: `#${each.key.name}`, at: each.start });
    else if (each.type === 'VariableDeclarator' && each.id.type === 'Identifier' && isFunction(each.init))
      if (!isExported(each.id.name, code)) declared.push({ name: each.id.name, at: each.start });
  });
  return declared
    .filter(({ name }) => usesOf(name, code) === 2)
    .map(({ name, at }) => ({ line: lineAt(code, at), text: name }));
}

function isFunction(node: AnyNode | null | undefined): boolean {
  return node?.type === 'ArrowFunctionExpression' || node?.type === 'FunctionExpression';
}

function isExported(name: string, code: string): boolean {
  return new RegExp(`^export const ${name}\\b`, 'm').test(code);
}

function usesOf(name: string, code: string): number {
  return code.match(new RegExp(`(?<![\\w$#])${name}(?![\\w$])`, 'g'))?.length ?? 0;
}

/** Texts that begin with insert, update or delete, as plain strings or as templates of SQL. */
function writeStatements({ code, program }: ParsedSource): Place[] {
  const places: Place[] = [];
  visitNodes(program, (node) => {
    const each = node as AnyNode;
    const text =
      each.type === 'TemplateLiteral'
        ? each.quasis[0]?.value.raw
        : each.type === 'Literal' && typeof each.value === 'string'
          ? each.value
          : undefined;
    const statement = /^\s*(?:insert (?:or ignore )?into|update|delete from)\s/i.exec(text ?? '');
    if (statement) places.push({ line: lineAt(code, node.start), text: (text ?? '').trim().slice(0, 60) });
  });
  return places;
}

function dialectNames(file: string, { code, program }: ParsedSource): Place[] {
  if (DIALECT_FOLDER.test(file)) return [];
  const places: Place[] = [];
  visitNodes(program, (node) => {
    const each = node as AnyNode;
    if (each.type === 'BinaryExpression' && /^[!=]==?$/.test(each.operator))
      if (
        [each.left, each.right].some((side) =>
          /^'(?:sqlite|postgres)'$/.test(code.slice(side.start, side.end)),
        )
      )
        places.push({ line: lineAt(code, each.start), text: code.slice(each.start, each.end) });
  });
  return places;
}

function lineAt(code: string, position: number): number {
  return code.slice(0, position).split('\n').length;
}
