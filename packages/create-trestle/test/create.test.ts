import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, describe, it } from 'node:test';
import { TEMPLATES, VERSIONS } from '../src/project.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const BIN = join(ROOT, 'packages/create-trestle/bin/create-trestle.js');
const parent = mkdtempSync(join(tmpdir(), 'create-trestle-'));
after(() => rmSync(parent, { recursive: true, force: true }));
const FILE = join(parent, 'a-file');
writeFileSync(FILE, '');

/** Runs a program to its end; no question can be answered. */
function run(program: string, args: readonly string[], cwd = parent) {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8', input: '' });
  return { status, output: `${stdout}${stderr}` };
}

function create(...args: string[]) {
  return run(process.execPath, [BIN, ...args]);
}

describe('npm create trestle', () => {
  for (const template of TEMPLATES)
    it(`makes a project of the template ${template}`, () => {
      const { status, output } = create(`my-${template}`, '--yes', '--no-install', '--template', template);
      assert.equal(status, 0, output);
    });

  it('makes projects that pass their type check', () => {
    symlinkSync(join(ROOT, 'node_modules'), join(parent, 'node_modules'));
    // One compilation of all projects, with the options of each: they have the same configuration.
    const configurations = TEMPLATES.map((name) =>
      readFileSync(join(parent, `my-${name}/tsconfig.json`), 'utf8'),
    );
    assert.equal(new Set(configurations).size, 1);
    const all = {
      extends: './my-empty/tsconfig.json',
      include: TEMPLATES.map((name) => `my-${name}/**/*.ts`),
    };
    writeFileSync(join(parent, 'tsconfig.json'), JSON.stringify(all));
    const { status, output } = run(join(ROOT, 'node_modules/.bin/tsc'), []);
    assert.equal(status, 0, output);
  });

  it('makes projects that pass their tests', () => {
    const files = TEMPLATES.map((name) => `my-${name}/app.test.ts`);
    const { status, output } = run(process.execPath, ['--test', '--test-isolation=none', ...files]);
    assert.equal(status, 0, output);
    // The template notes has two tests, the others one each.
    assert.match(output, new RegExp(`pass ${TEMPLATES.length + 1}\\b`));
  });

  it('names the app after its folder, and the database where one is asked for', () => {
    const { status, output } = create(
      'My Shop',
      '--yes',
      '--no-install',
      '--template',
      'empty',
      '--database',
      'postgres',
    );
    assert.equal(status, 0, output);
    const read = (name: string) => readFileSync(join(parent, 'My Shop', name), 'utf8');
    assert.match(read('app.ts'), /name: 'my-shop'/);
    assert.match(read('compose.yaml'), /image: postgres/);
    assert.match(read('.env.example'), /^DATABASE_URL=postgres:/m);
    assert.match(read('.gitignore'), /node_modules/);
  });

  it('pins the versions that the repository has', () => {
    const manifest = (name: string) => JSON.parse(readFileSync(join(ROOT, name), 'utf8'));
    const { devDependencies } = manifest('package.json');
    const { dependencies, version } = manifest('packages/trestle/package.json');
    assert.deepEqual(VERSIONS, {
      node: devDependencies.node,
      types: devDependencies['@types/node'],
      typescript: devDependencies.typescript,
      typebox: dependencies.typebox,
    });
    assert.equal(manifest('packages/create-trestle/package.json').version, version);
  });

  for (const [what, args, message] of [
    [
      'a template there is not',
      ['new-1', '--yes', '--template', 'blog'],
      /expected a template of empty, notes,.* got 'blog'/,
    ],
    [
      'a database there is not',
      ['new-2', '--yes', '--database', 'mysql'],
      /expected a database of sqlite, postgres, got 'mysql'/,
    ],
    [
      'a name that no app can have',
      ['new-3', '--yes', '--name', 'My App'],
      /lower-case letters, digits and dashes, got 'My App'/,
    ],
    ['an option there is not', ['new-4', '--yes', '--colour'], /Unknown option '--colour'/],
    ['two folders', ['new-5', 'new-6', '--yes'], /expected one folder, got new-5, new-6/],
    ['a folder that is a file', [FILE, '--yes'], /^create-trestle: .*ENOTDIR.*\n$/],
    ['a folder inside of a file', [join(FILE, 'app'), '--yes'], /^create-trestle: .*ENOTDIR.*\n$/],
  ] as const)
    it(`refuses ${what}, and makes nothing`, () => {
      const { status, output } = create(...args, '--no-install');
      assert.equal(status, 1, output);
      assert.match(output, message);
    });

  it('leaves a folder alone that is not empty', () => {
    writeFileSync(join(parent, 'taken'), '');
    const { status, output } = create('.', '--yes', '--no-install');
    assert.deepEqual([status, /is not empty/.test(output)], [1, true]);
  });
});
