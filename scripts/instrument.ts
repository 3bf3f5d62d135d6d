import { registerHooks } from 'node:module';
import { relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { AnyNode, ArrowFunctionExpression, Function as FunctionNode, Node } from 'acorn';
import { type ParsedSource, parseSource, visitNodes } from './parse-source.ts';

/** A function of the source, as the trace names it. */
export interface SourceFunction {
  /** Path from the repository's root. */
  file: string;
  line: number;
  name: string;
}

/** Records the functions entered between `start` and `stop`. */
export interface Tracer {
  start(): void;
  /** Functions in the order they were entered, each as often as it was. */
  stop(): SourceFunction[];
}

declare global {
  var enterFunction: (index: number) => void;
}

/**
 * Adds one call at the start of every function body of `packages/trestle/src` and `apps` that is imported from now on.
 * Constructors are left out. Files imported before are not traced.
 */
export function instrument(root: string): Tracer {
  const functions: SourceFunction[] = [];
  let entered: SourceFunction[] | undefined;
  globalThis.enterFunction = (index) => {
    const found = functions[index];
    if (entered && found) entered.push(found);
  };
  const traced = ['packages/trestle/src/', 'apps/'].map((folder) => `${pathToFileURL(root).href}/${folder}`);
  registerHooks({
    load(url, context, next) {
      if (!url.endsWith('.ts') || !traced.some((folder) => url.startsWith(folder))) return next(url, context);
      const path = fileURLToPath(url);
      const source = instrumented(parseSource(path), relative(root, path), functions);
      return { format: 'module', source, shortCircuit: true };
    },
  });
  return {
    start() {
      entered = [];
    },
    stop() {
      const result = entered ?? [];
      entered = undefined;
      return result;
    },
  };
}

function instrumented({ code, program }: ParsedSource, file: string, functions: SourceFunction[]): string {
  const insertions: { at: number; text: string }[] = [];
  visitNodes(program, (node, parent) => {
    if (!isFunction(node) || isConstructor(parent)) return;
    const line = code.slice(0, node.start).split('\n').length;
    const call = `enterFunction(${functions.push({ file, line, name: nameOf(node, parent, code) }) - 1})`;
    if (node.body.type === 'BlockStatement') insertions.push({ at: node.body.start + 1, text: `${call};` });
    else insertions.push({ at: node.body.start, text: `(${call},` }, { at: node.body.end, text: ')' });
  });
  // From the end, so that earlier positions stay true; a closing parenthesis comes before one further out.
  insertions.sort((a, b) => b.at - a.at);
  return insertions.reduce((text, { at, text: part }) => text.slice(0, at) + part + text.slice(at), code);
}

function isFunction(node: Node): node is FunctionNode | ArrowFunctionExpression {
  return /^(?:FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type);
}

function isConstructor(parent: Node | undefined): boolean {
  return parent?.type === 'MethodDefinition' && 'kind' in parent && parent.kind === 'constructor';
}

function nameOf(
  node: FunctionNode | ArrowFunctionExpression,
  parent: Node | undefined,
  code: string,
): string {
  if (node.type !== 'ArrowFunctionExpression' && node.id) return node.id.name;
  // Names of variables, and keys of properties and methods.
  const name = (parent as AnyNode | undefined) ?? node;
  const label = name.type === 'VariableDeclarator' ? name.id : 'key' in name ? name.key : undefined;
  return label ? code.slice(label.start, label.end) : '(anonymous)';
}
