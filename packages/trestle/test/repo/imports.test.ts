import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkImports } from '../../../../scripts/check-imports.ts';
import { described } from '../../../../scripts/finding.ts';
import { madeRepository } from './made-repository.ts';

const SOURCE = 'packages/trestle/src';
const MANIFEST = JSON.stringify({
  name: 'trestle',
  dependencies: { pg: '1' },
  devDependencies: { 'fast-check': '1' },
});

/** Files that anything may point at, each without an import. */
const LEAVES = {
  'packages/trestle/package.json': MANIFEST,
  [`${SOURCE}/problems.ts`]: '',
  [`${SOURCE}/declare/field.ts`]: '',
  [`${SOURCE}/store/store.ts`]: '',
  [`${SOURCE}/services/policy.ts`]: '',
  [`${SOURCE}/accounts/open-accounts.ts`]: '',
  [`${SOURCE}/operations/claim.ts`]: '',
  [`${SOURCE}/engine.ts`]: '',
  [`${SOURCE}/http/server.ts`]: '',
  [`${SOURCE}/cli/main.ts`]: '',
};

interface Case {
  file: string;
  code: string;
  found: string[];
}

const CASES: Readonly<Record<string, Case>> = {
  'store may use declare': {
    file: `${SOURCE}/store/tables.ts`,
    code: "import type { Field } from '../declare/field.ts';\nimport { Problem } from '../problems.ts';",
    found: [],
  },
  'declare may not use store': {
    file: `${SOURCE}/declare/app.ts`,
    code: "import { a } from 'node:fs';\n\nimport { Store } from '../store/store.ts';",
    found: [
      `${SOURCE}/declare/app.ts:3: declare must not import store; it may import problems.ts, start-error.ts, bounded-map.ts, instant.ts, node-http.ts`,
    ],
  },
  'a type is an import too': {
    file: `${SOURCE}/services/read.ts`,
    code: "import type { Server } from '../http/server.ts';",
    found: [
      `${SOURCE}/services/read.ts:1: services must not import http; it may import problems.ts, start-error.ts, bounded-map.ts, instant.ts, node-http.ts, declare, store`,
    ],
  },
  'an export from elsewhere is an import': {
    file: `${SOURCE}/store/again.ts`,
    code: "export {\n  authorize,\n} from '../services/policy.ts';",
    found: [
      `${SOURCE}/store/again.ts:3: store must not import services; it may import problems.ts, start-error.ts, bounded-map.ts, instant.ts, node-http.ts, declare`,
    ],
  },
  'so is import()': {
    file: `${SOURCE}/http/late.ts`,
    code: "const main = await import(\n'../cli/main.ts');",
    found: [
      `${SOURCE}/http/late.ts:2: http must not import cli; it may import problems.ts, start-error.ts, bounded-map.ts, instant.ts, node-http.ts, declare, store, services, accounts, operations, engine.ts`,
    ],
  },
  'accounts and operations do not know each other': {
    file: `${SOURCE}/accounts/keys.ts`,
    code: "import { claim } from '../operations/claim.ts';",
    found: [
      `${SOURCE}/accounts/keys.ts:1: accounts must not import operations; it may import problems.ts, start-error.ts, bounded-map.ts, instant.ts, node-http.ts, declare, store, services`,
    ],
  },
  'problems.ts imports nothing': {
    file: `${SOURCE}/problems.ts`,
    code: "import { Field } from './declare/field.ts';",
    found: [`${SOURCE}/problems.ts:1: problems.ts must not import declare; it may import nothing`],
  },
  'a new folder needs a row': {
    file: `${SOURCE}/mail/send.ts`,
    code: "import { Field } from '../declare/field.ts';",
    found: [
      `${SOURCE}/mail/send.ts:1: 'mail' has no row in the table of scripts/check-imports.ts; give it one`,
    ],
  },
  'a file that is not there': {
    file: `${SOURCE}/store/tables.ts`,
    code: "import { gone } from './gone.ts';",
    found: [`${SOURCE}/store/tables.ts:1: './gone.ts' does not exist; imports name the file with its .ts`],
  },
  'an undeclared dependency': {
    file: `${SOURCE}/store/tables.ts`,
    code: "import pg from 'pg';\nimport lodash from 'lodash/fp';",
    found: [`${SOURCE}/store/tables.ts:2: 'lodash' is not declared in packages/trestle/package.json`],
  },
  'a development dependency in what is published': {
    file: `${SOURCE}/store/tables.ts`,
    code: "import fc from 'fast-check';",
    found: [`${SOURCE}/store/tables.ts:1: 'fast-check' is not declared in packages/trestle/package.json`],
  },
  'the same in a test': {
    file: 'packages/trestle/test/store/tables.test.ts',
    code: "import fc from 'fast-check';\nimport { Store } from '../../src/store/store.ts';",
    found: [],
  },
  "a way into another package's source": {
    file: 'apps/notes/app.ts',
    code: "import { Field } from '../../packages/trestle/src/declare/field.ts';",
    found: [
      "apps/notes/app.ts:1: '../../packages/trestle/src/declare/field.ts' leaves apps/notes; import the package by its name",
    ],
  },
  "a module of Node's without its prefix": {
    file: `${SOURCE}/store/tables.ts`,
    code: "import fs from 'fs';",
    found: [`${SOURCE}/store/tables.ts:1: write node:fs`],
  },
};

describe('import directions', () => {
  for (const [name, { file, code, found }] of Object.entries(CASES))
    test(name, (t) => {
      const root = madeRepository(t, { ...LEAVES, [file]: code });
      assert.deepEqual(checkImports(root).map(described), found);
    });

  test('hold in this repository', () => {
    assert.deepEqual(checkImports(process.cwd()).map(described), []);
  });
});
