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
  [`${SOURCE}/schema/field.ts`]: '',
  [`${SOURCE}/database/store.ts`]: '',
  [`${SOURCE}/rows/policy.ts`]: '',
  [`${SOURCE}/accounts/open-accounts.ts`]: '',
  [`${SOURCE}/jobs/claim.ts`]: '',
  [`${SOURCE}/engine.ts`]: '',
  [`${SOURCE}/http/server/server.ts`]: '',
  [`${SOURCE}/cli/main.ts`]: '',
};

interface Case {
  file: string;
  code: string;
  found: string[];
}

const CASES: Readonly<Record<string, Case>> = {
  'database may use schema': {
    file: `${SOURCE}/database/tables.ts`,
    code: "import type { Field } from '../schema/field.ts';\nimport { Problem } from '../problems.ts';",
    found: [],
  },
  'schema may not use database': {
    file: `${SOURCE}/schema/app.ts`,
    code: "import { a } from 'node:fs';\n\nimport { Store } from '../database/store.ts';",
    found: [
      `${SOURCE}/schema/app.ts:3: schema must not import database; it may import problems.ts, start-error.ts, fifo-map.ts, clock.ts, turns.ts, node-http.ts`,
    ],
  },
  'a type is an import too': {
    file: `${SOURCE}/rows/read.ts`,
    code: "import type { Server } from '../http/server/server.ts';",
    found: [
      `${SOURCE}/rows/read.ts:1: rows must not import http; it may import problems.ts, start-error.ts, fifo-map.ts, clock.ts, turns.ts, node-http.ts, schema, database`,
    ],
  },
  'an export from elsewhere is an import': {
    file: `${SOURCE}/database/again.ts`,
    code: "export {\n  authorize,\n} from '../rows/policy.ts';",
    found: [
      `${SOURCE}/database/again.ts:3: database must not import rows; it may import problems.ts, start-error.ts, fifo-map.ts, clock.ts, turns.ts, node-http.ts, schema`,
    ],
  },
  'so is import()': {
    file: `${SOURCE}/http/late.ts`,
    code: "const main = await import(\n'../cli/main.ts');",
    found: [
      `${SOURCE}/http/late.ts:2: http must not import cli; it may import problems.ts, start-error.ts, fifo-map.ts, clock.ts, turns.ts, node-http.ts, schema, database, rows, accounts, jobs, engine.ts`,
    ],
  },
  'accounts and jobs do not know each other': {
    file: `${SOURCE}/accounts/keys/keys.ts`,
    code: "import { claim } from '../../jobs/claim.ts';",
    found: [
      `${SOURCE}/accounts/keys/keys.ts:1: accounts must not import jobs; it may import problems.ts, start-error.ts, fifo-map.ts, clock.ts, turns.ts, node-http.ts, schema, database, rows, mail`,
    ],
  },
  'problems.ts imports nothing': {
    file: `${SOURCE}/problems.ts`,
    code: "import { Field } from './schema/field.ts';",
    found: [`${SOURCE}/problems.ts:1: problems.ts must not import schema; it may import nothing`],
  },
  'a new folder needs a row': {
    file: `${SOURCE}/weather/send.ts`,
    code: "import { Field } from '../schema/field.ts';",
    found: [
      `${SOURCE}/weather/send.ts:1: 'weather' has no row in the table of scripts/check-imports.ts; give it one`,
    ],
  },
  'a file that is not there': {
    file: `${SOURCE}/database/tables.ts`,
    code: "import { gone } from './gone.ts';",
    found: [`${SOURCE}/database/tables.ts:1: './gone.ts' does not exist; imports name the file with its .ts`],
  },
  'an undeclared dependency': {
    file: `${SOURCE}/database/tables.ts`,
    code: "import pg from 'pg';\nimport lodash from 'lodash/fp';",
    found: [`${SOURCE}/database/tables.ts:2: 'lodash' is not declared in packages/trestle/package.json`],
  },
  'a development dependency in what is published': {
    file: `${SOURCE}/database/tables.ts`,
    code: "import fc from 'fast-check';",
    found: [`${SOURCE}/database/tables.ts:1: 'fast-check' is not declared in packages/trestle/package.json`],
  },
  'the same in a test': {
    file: 'packages/trestle/test/database/tables.test.ts',
    code: "import fc from 'fast-check';\nimport { Store } from '../../src/database/store.ts';",
    found: [],
  },
  "a way into another package's source": {
    file: 'apps/notes/app.ts',
    code: "import { Field } from '../../packages/trestle/src/schema/field.ts';",
    found: [
      "apps/notes/app.ts:1: '../../packages/trestle/src/schema/field.ts' leaves apps/notes; import the package by its name",
    ],
  },
  "a module of Node's without its prefix": {
    file: `${SOURCE}/database/tables.ts`,
    code: "import fs from 'fs';",
    found: [`${SOURCE}/database/tables.ts:1: write node:fs`],
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
