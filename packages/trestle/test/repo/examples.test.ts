import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { describe, it } from 'node:test';

const ROOT = resolve(import.meta.dirname, '../../../..');
const PACKAGE = join(ROOT, 'packages/trestle');

/** The names that an example may use without declaring them: a resource, its contract's context, a failed request. */
const PRELUDE = `import { createReadStream } from 'node:fs';
import { Type } from 'typebox';
declare const context: trestleContract.ContractContext<{ notes: typeof notes }>;
declare const notes: ReturnType<typeof declareNotes>;
declare const problem: trestleContract.Problem;
declare const caller: trestleContract.Caller;
const { services, rules, schemas, operations } = context;
function declareNotes() {
  return trestle.resource({ fields: { title: trestle.text() }, can: { read: trestle.anyone } });
}
`;

interface PublicValue {
  readonly entry: string;
  readonly name: string;
  readonly example: string | undefined;
}

/** The exported functions, classes and constants of an entry of the package, with their examples. */
function publicValues(entry: string, file: string): PublicValue[] {
  const code = readFileSync(join(PACKAGE, file), 'utf8');
  const reexported = [...code.matchAll(/^export \{([^}]*)\} from '([^']+)'/gm)].flatMap(
    ([, names = '', source = '']) =>
      names
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== '' && !name.startsWith('type '))
        .map((name) => ({ name, file: join(dirname(file), source) })),
  );
  const own = [...code.matchAll(/^export (?:async )?(?:function|class|const) (\w+)/gm)];
  return [...reexported, ...own.map(([, name = '']) => ({ name, file }))].map(({ name, file: source }) => ({
    entry,
    name,
    example: exampleOf(readFileSync(join(PACKAGE, source), 'utf8'), name),
  }));
}

/** The lines after `@example` in the comment above a declaration. */
function exampleOf(code: string, name: string): string | undefined {
  const comment = String.raw`\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n`;
  const declared = new RegExp(`${comment}export (?:async )?(?:function|class|const) ${name}\\b`).exec(code);
  const lines = declared?.[1]?.split('\n').map((line) => line.replace(/^\s*\* ?/, ''));
  return lines?.join('\n').split('@example\n')[1];
}

const manifest: { exports: Record<string, string> } = JSON.parse(
  readFileSync(join(PACKAGE, 'package.json'), 'utf8'),
);
const entries = Object.entries(manifest.exports).map(
  ([name, file]) => [name.replace('.', 'trestle'), file] as const,
);
const values = entries.flatMap(([entry, file]) => publicValues(entry, file));

describe('the public API', () => {
  it('has an example on every function, class and constant', () => {
    assert(values.length > 40);
    assert.deepEqual(
      values.filter(({ example }) => example === undefined).map(({ name }) => name),
      [],
    );
  });

  it('has examples that compile', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'trestle-examples-'));
    t.after(() => rmSync(folder, { recursive: true }));
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const compilerOptions = { noUnusedLocals: false, noUnusedParameters: false };
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: join(ROOT, 'tsconfig.json'), compilerOptions, include: ['.'] }),
    );
    const named = values.map(({ name, entry }) => `import { ${name} } from '${entry}';`);
    const types = ["import type { Outcome, RunContext } from 'trestle';"];
    const namespaces = [
      "import * as trestle from 'trestle';",
      "import type * as trestleContract from 'trestle/contract';",
    ];
    const functions = values.map(
      ({ name, example = '' }) =>
        `async function exampleOf_${name}() {\n${example.replaceAll(/^export (?:default )?/gm, '')}\n}\n`,
    );
    writeFileSync(
      join(folder, 'examples.mts'),
      [...namespaces, ...named, ...types, PRELUDE, ...functions].join('\n'),
    );
    const { stdout } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', folder, '--checkers', '1'], {
      encoding: 'utf8',
    });
    assert.equal(stdout, '');
  });
});
