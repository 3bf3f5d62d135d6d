import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { buildPackage } from '../../../../scripts/build.ts';

const ROOT = resolve(import.meta.dirname, '../../../..');

/** Runs a program to its end in a folder; its output is part of a failure's message. */
function run(folder: string, program: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: 'utf8' });
  assert.equal(status, 0, `${program} ${args.join(' ')}\n${stdout}${stderr}`);
  return stdout;
}

function manifestOf(folder: string): { dependencies: Record<string, string> } {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

/** Links packages of the repository, as an installation would place them, into a folder of modules. */
function link(modules: string, names: readonly string[]): void {
  for (const name of names) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
}

/** The first line of a server's output that matches, as its first group. */
async function announced(child: ChildProcess, pattern: RegExp): Promise<string> {
  let text = '';
  for await (const part of child.stdout ?? []) {
    text += part;
    const found = pattern.exec(text)?.[1];
    if (found !== undefined) return found;
  }
  throw new Error(`the server ended without saying ${pattern}: ${text}`);
}

describe('the published package, unpacked beside its declared dependencies', () => {
  const folder = mkdtempSync(join(tmpdir(), 'trestle-package-'));
  const app = join(folder, 'app');
  const bin = join(app, 'node_modules/trestle/bin/trestle.js');
  after(() => rmSync(folder, { recursive: true, force: true }));

  before(async () => {
    const built = await buildPackage(join(folder, 'trestle'));
    run(folder, 'npm', ['pack', built, '--silent', '--pack-destination', folder]);
    const packed = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
    const modules = join(app, 'node_modules');
    mkdirSync(join(modules, 'trestle'), { recursive: true });
    run(folder, 'tar', ['-xzf', packed, '-C', join(modules, 'trestle'), '--strip-components=1']);
    link(modules, Object.keys(manifestOf(join(modules, 'trestle')).dependencies));
    writeFileSync(join(app, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
    cpSync(join(import.meta.dirname, 'notes/app.ts'), join(app, 'app.ts'));
    cpSync(join(import.meta.dirname, '../http-routes/everything.ts'), join(app, 'everything.ts'));
    cpSync(join(import.meta.dirname, 'notes/list-notes.ts'), join(app, 'app.test.ts'));
  });

  it('serves the app of its folder, and stops on SIGTERM', async () => {
    const args = [bin, 'serve', '--port', '0', '--readiness-delay', '0', '--data', join(folder, 'data')];
    const child = spawn(process.execPath, args, { cwd: app, stdio: ['ignore', 'pipe', 'ignore'] });
    const url = await announced(child, /(http:\/\/127\.0\.0\.1:\d+)\//);
    const answer = await fetch(`${url}/v1/notes`);
    assert.deepEqual(await answer.json(), { items: [], next: null, prev: null });
    assert.equal((await fetch(`${url}/docs`)).status, 200);
    child.kill('SIGTERM');
    const [code] = await once(child, 'exit');
    assert.equal(code, 0);
  });

  it('makes the backups of a schedule', async () => {
    const file = join(app, 'node_modules/trestle/dist/cli/serving/scheduled-backups.js');
    const { makeBackups } = await import(file);
    const lines: unknown[] = [];
    const say = (facts: unknown) => lines.push(facts);
    const to = join(folder, 'backups');
    const schedule = { data: join(folder, 'data'), apps: [app], to, keep: 2 };
    await makeBackups(schedule, { lines: { info: say, error: say } });
    assert.deepEqual(lines, [{ to }]);
    assert.match(readdirSync(to).join(), /^notes-.*\.db$/);
  });

  it("runs the app's test", () => {
    run(app, process.execPath, ['--test', 'app.test.ts']);
  });

  it('is compiled: nothing of it is TypeScript at run time, and it has no tests', () => {
    const files = readdirSync(join(app, 'node_modules/trestle'), { recursive: true }).map(String);
    assert(files.includes('dist/index.js') && files.includes('dist/index.d.ts.map'));
    const { typebox } = manifestOf(join(app, 'node_modules/trestle')).dependencies;
    assert(files.includes(`dist/typebox/${typebox}/index.mjs`), 'it has the bundle of its TypeBox');
    assert.deepEqual(
      files.filter((file) => /\.test\.|^test\//.test(file)),
      [],
    );
  });

  it('passes the type check of a strict project, with declarations', () => {
    link(join(app, 'node_modules'), ['typescript', '@types/node', '@types/pg']);
    const options = { strict: true, declaration: true, noEmit: true, module: 'nodenext', target: 'esnext' };
    const compilerOptions = { ...options, allowImportingTsExtensions: true, types: [] };
    writeFileSync(
      join(app, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['app.ts', 'everything.ts'] }),
    );
    run(app, join(ROOT, 'node_modules/.bin/tsc'), ['-p', app]);
  });

  it('says which Node.js it needs where that is too old', {
    skip: oldNode() === undefined && 'there is no older Node.js on the PATH',
  }, () => {
    const { status, stderr } = spawnSync(oldNode() ?? '', [bin, '--help'], { encoding: 'utf8' });
    assert.equal(status, 1);
    assert.match(stderr, /^trestle needs Node\.js 24\.16 or newer; this is \d+\.\d+\.\d+\.\n$/);
  });
});

/** A Node.js of this machine that is older than 24; undefined where there is none. */
function oldNode(): string | undefined {
  const folders = (process.env.PATH ?? '').split(':').filter((name) => !name.includes('node_modules'));
  return folders
    .map((name) => join(name, 'node'))
    .find((file) => {
      const { stdout } = spawnSync(file, ['--version'], { encoding: 'utf8' });
      return Number(/^v(\d+)\./.exec(stdout ?? '')?.[1] ?? 99) < 24;
    });
}
