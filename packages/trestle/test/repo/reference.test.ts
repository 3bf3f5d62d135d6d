import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import { checkReference } from '../../../../scripts/check-reference.ts';
import { madeRepository } from './made-repository.ts';

const SOURCE = `
/** Options of \`stamp()\`. */
export interface StampOptions extends Kept {
  /** Degrees to turn it by (default: 0). */
  turn?: number;
  /** Its colour. */
  colour?: string;
  size?: {
    /** Millimetres (default: 20). */
    width?: number;
    height?: number;
  };
  /** A type only. @internal */
  readonly $types?: never;
}
interface Kept {
  ink: string;
}
export interface Stamp {
  press(paper: Paper): void;
}
interface Paper {
  grams: number;
}
/** Makes a stamp. */
export function stamp(options: StampOptions): Stamp {
  return options as never;
}
/** @internal */
export interface Machine {
  wheels: number;
}`;

test('the reference has words for every public name, option, default, method and command', (t) => {
  const root = madeRepository(t, {
    'packages/trestle/package.json': JSON.stringify({ exports: { '.': './src/index.ts' } }),
    'packages/client/package.json': JSON.stringify({ exports: { '.': './src/client.ts' } }),
    'packages/trestle/src/index.ts':
      "export { type Machine, type Stamp, type StampOptions, stamp } from './stamp.ts';",
    'packages/trestle/src/stamp.ts': SOURCE,
    'packages/client/src/client.ts': '/** The answer. @example ANSWER */\nexport const ANSWER = 42;',
    'docs/tsconfig.reference.json': JSON.stringify({
      compilerOptions: {
        module: 'nodenext',
        allowImportingTsExtensions: true,
        noEmit: true,
        strict: true,
        types: [],
      },
      include: ['../packages/*/src'],
    }),
    'docs/typedoc.json': JSON.stringify({ entryPoints: ['../packages/trestle/src/index.ts'] }),
  });
  const command = new Command('press').description('Press it.').argument('<paper>');
  command.option('--hard', 'with force').option('--twice');
  assert.deepEqual(
    checkReference(root, [command])
      .map(({ message }) => message)
      .sort(),
    [
      'Stamp has no description',
      'Stamp.press has no description',
      'Stamp.press mentions Paper, which no entry point exports',
      'StampOptions.colour does not say its default',
      'StampOptions.ink has no description',
      'StampOptions.size has no description',
      'StampOptions.size.height has no description',
      'entryPoints does not name ../packages/client/src/client.ts',
      'press: --twice has no description',
      'press: paper has no description',
      'stamp has no @example',
    ],
  );
});
