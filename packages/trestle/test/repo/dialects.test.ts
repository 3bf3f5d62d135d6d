import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkDialects } from '../../../../scripts/check-dialects.ts';
import { madeRepository } from './made-repository.ts';

const FOUND = [
  "if (dialect.name === 'postgres') return 1;",
  "const upper = 'sqlite' !== name;",
  "switch (name) {\n  case 'sqlite':\n}",
  "import { sqliteDialect } from './database/sqlite/dialect.ts';",
  `const { isInUse } = await import(${"'./database/postgres/in-use.ts'"});`,
];

const FREE = [
  'const text = dialect.now;',
  "log.info({ database: dialect.name }, 'postgres');",
  "const name = 'sqlite';",
];

describe('only a dialect knows which database it is', () => {
  for (const code of [...FOUND, ...FREE])
    test(code, (t) => {
      const root = madeRepository(t, {
        'packages/trestle/src/rows/a.ts': code,
        'packages/trestle/src/database/sqlite/b.ts': code,
        'packages/trestle/test/c.test.ts': code,
      });
      const files = checkDialects(root).map(({ file }) => file);
      assert.deepEqual(files, FOUND.includes(code) ? ['packages/trestle/src/rows/a.ts'] : []);
    });
});
