import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { type Node, type Program, parse } from 'acorn';

/** A TypeScript file as JavaScript: types become spaces, so that every position holds for both. */
export interface ParsedSource {
  code: string;
  program: Program;
}

/** Parses a TypeScript file. The compiler of TypeScript 7 has no API for JavaScript, so Node strips the types. */
export function parseSource(path: string): ParsedSource {
  const code = withoutWarning(() => stripTypeScriptTypes(readFileSync(path, 'utf8')));
  const program = parse(code, { ecmaVersion: 'latest', sourceType: 'module', allowHashBang: true });
  return { code, program };
}

/** Calls `visit` for a node and all below it, parents first. */
export function visitNodes(node: Node, visit: (node: Node, parent: Node | undefined) => void): void {
  const step = (current: Node, parent: Node | undefined): void => {
    visit(current, parent);
    for (const value of Object.values(current))
      for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) step(child, current);
  };
  step(node, undefined);
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** Stripping types is marked experimental, and its warning would come once a run. */
function withoutWarning<Value>(run: () => Value): Value {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return run();
  } finally {
    process.emitWarning = emitWarning;
  }
}
