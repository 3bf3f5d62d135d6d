import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, test } from 'node:test';
import { checkDocs } from '../../../../scripts/check-docs.ts';
import { described } from '../../../../scripts/finding.ts';
import { repositoryFiles } from '../../../../scripts/repository-files.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { madeRepository } from './made-repository.ts';

const ROOT = resolve(import.meta.dirname, '../../../..');

const FILES = {
  'package.json': JSON.stringify({
    scripts: { start: 'node main.ts', test: 'node test.ts', bench: 'node b.ts' },
  }),
  'packages/trestle/src/cli/main.ts':
    "option('--port <port>'); process.env.TRESTLE_DATA; option('--no-color')",
  'docs/other.md': '# Other things\n\n## The `id` of a row\n',
};

/** Texts of a document, with the findings in each. */
const CASES: readonly { says: string; found: string[] }[] = [
  { says: 'See [the other](docs/other.md#other-things) and `packages/trestle/src/cli/main.ts`.', found: [] },
  { says: 'See [a part](docs/other.md#the-id-of-a-row).', found: [] },
  { says: 'See [nothing](docs/gone.md).', found: ['the link to docs/gone.md leads nowhere'] },
  { says: 'See [a part](docs/other.md#gone).', found: ['docs/other.md has no heading #gone'] },
  { says: 'See [elsewhere](https://example.org/docs/gone.md).', found: [] },
  { says: 'Look into `packages/trestle/src/gone/`.', found: ['there is no packages/trestle/src/gone/'] },
  { says: 'Look into `packages/*/src/cli`, `apps/NAME/app.ts` and prose about docs/gone.', found: [] },
  { says: 'Look into `cli/main.ts`.', found: [] },
  { says: 'Look into `cli/gone.ts`.', found: ['there is no packages/trestle/src/cli/gone.ts'] },
  { says: '```sh\nnode scripts/gone.ts\n```', found: ['there is no scripts/gone.ts'] },
  { says: 'Run `npm run bench`, `npm start` or `npm test`.', found: [] },
  { says: 'Run `npm run banch`.', found: ["package.json has no script 'banch'"] },
  {
    says: '```sh\nnpm start -- apps/x --prot 80\n```',
    found: ['there is no apps/x', 'no command of ours takes --prot'],
  },
  { says: '```sh\nnpm start -- --port 80 && curl --silent localhost\n```', found: [] },
  { says: 'Set `TRESTLE_DATA`, never `TRESTLE_DATE`.', found: ['no code reads TRESTLE_DATE'] },
];

describe('docs/configuration.md', () => {
  const documented = read('docs/configuration.md');

  test('names every variable the engine and its commands read', () => {
    const code = repositoryFiles(ROOT, 'packages/trestle/src/**/*.ts').map(read).join('\n');
    const variables = new Set(code.match(/\b(?:TRESTLE_[A-Z_]*[A-Z]|DATABASE_URL)\b|(?<=env\(')[A-Z_]+/g));
    assert(variables.has('PORT') && variables.has('TRESTLE_DATA'));
    assert.deepEqual(
      [...variables].filter((name) => !documented.includes(`\`${name}\``)),
      [],
    );
  });

  test('names every command', () => {
    const commands = COMMANDS.map(({ name }) => name).filter((name) => name !== 'serve');
    assert.deepEqual(
      commands.filter((name) => !new RegExp(`\`npm run trestle -- ${name}[ \`]`).test(documented)),
      [],
    );
  });

  test('names every option of serve', () => {
    const code = ['commands/serve.ts', 'data-options.ts']
      .map((file) => read(`packages/trestle/src/cli/${file}`))
      .join('\n');
    const options = new Set([...code.matchAll(/'(--[a-z-]+)/g)].map(([, option = '']) => option));
    assert(options.has('--port'));
    assert.deepEqual(
      [...options].filter((option) => !documented.includes(`\`${option}\``)),
      [],
    );
  });
});

describe('documents name what exists', () => {
  for (const { says, found } of CASES)
    test(says, (t) => {
      const root = madeRepository(t, { ...FILES, 'README.md': says });
      assert.deepEqual(
        checkDocs(root).map(({ message }) => message),
        found,
      );
    });

  test('and name the line', (t) => {
    const root = madeRepository(t, { ...FILES, 'docs/guide.md': '# Guide\n\n`npm run gone`\n' });
    assert.deepEqual(checkDocs(root).map(described), ["docs/guide.md:3: package.json has no script 'gone'"]);
  });

  test('and every page is linked from the README and the sidebar of the site', (t) => {
    const sidebar = { 'docs/.vitepress/config.ts': "[{ link: '/other' }]" };
    const root = madeRepository(t, { ...FILES, ...sidebar, 'README.md': 'See docs/other.md.' });
    const found = ['README.md:1: no link leads to docs/other.md'];
    assert.deepEqual(checkDocs(root).map(described), found);
  });

  test('in this repository', () => {
    assert.deepEqual(checkDocs(process.cwd()).map(described), []);
  });
});

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}
