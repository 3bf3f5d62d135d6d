import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { repositoryFiles } from '../../../../scripts/repository-files.ts';

const ROOT = resolve(import.meta.dirname, '../../../..');
const BETWEEN = '-----between two commands-----';
/** The address that documents write: never reached, but replaced by that of the tour's own server. */
const WRITTEN = /\blocalhost:\d{4}\b/g;

/** Values that differ from run to run: instants, API keys, tokens, UUIDs, ETags. */
const VARYING = [
  String.raw`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[\d.]*(?:Z| EST)|\.\d{6})`,
  'trs_(?:live|test)_[0-9A-Za-z_]+',
  String.raw`eyJ[\w-]+\.[\w-]+\.[\w-]+`,
  '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}',
  String.raw`"\d+-[0-9a-z]{1,4}"`,
];
const PARTS = new RegExp(`(…|${VARYING.join('|')})`);

const missing = ['bash', 'curl'].filter((program) => spawnSync(program, ['--version']).error);

/**
 * A tour is what a document shows in ```console blocks: `$ command` lines with the output below each. The commands are
 * run in one shell, against a server over an empty data folder; `export NAME=VALUE` lines of other blocks hold for both.
 * `…` in an output stands for anything.
 */
describe('the tours of the documents are true', {
  skip: missing.length > 0 && `there is no ${missing}`,
}, () => {
  for (const document of repositoryFiles(ROOT, 'README.md', 'docs/*.md', 'apps/*/README.md'))
    test(document, async (t) => {
      const text = await readFile(join(ROOT, document), 'utf8');
      const steps = stepsOf(text);
      if (steps.length === 0) return;
      const served = /^(?:\$ )?npm start -- (.*)$/m.exec(text)?.[1]?.split(' ') ?? [];
      const exports = [...text.matchAll(/^export (\w+)=(\S+)$/gm)].map(([, name, value]) => [name, value]);
      const env = { ...process.env, ...Object.fromEntries(exports) };
      await requireOutputs(
        steps,
        await startedServer(t, document.startsWith('apps/') ? served : [], env),
        env,
      );
    });

  test('docs/guide: its files compile, page by page, and answer what it says', async (t) => {
    const root = await mkdtemp(join(tmpdir(), 'trestle-guide-'));
    t.after(() => rm(root, { recursive: true }));
    await symlink(join(ROOT, 'node_modules'), join(root, 'node_modules'));
    await writeFile(join(root, 'package.json'), '{ "type": "module" }');
    const tsconfig = { extends: join(ROOT, 'tsconfig.json'), include: ['.'] };
    await writeFile(join(root, 'tsconfig.json'), JSON.stringify(tsconfig));
    const pages = repositoryFiles(ROOT, 'docs/guide/*.md').sort();
    const folders = pages.map((_, page) => join(root, `page-${page + 1}`));
    for (const [page, folder] of folders.entries()) {
      // A page shows the files that it changes; the others stay as they are.
      await (page > 0 ? cp(folders[page - 1] ?? '', folder, { recursive: true }) : mkdir(folder));
      const text = await readFile(join(ROOT, pages[page] ?? ''), 'utf8');
      for (const [, name = '', code = ''] of text.matchAll(/^```ts\n\/\/ (\S+)\n([\s\S]*?)^```$/gm))
        await writeFile(join(folder, name), code);
    }
    const { stdout } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', root], { encoding: 'utf8' });
    assert.equal(stdout, '');
    for (const [page, folder] of folders.entries()) {
      const text = await readFile(join(ROOT, pages[page] ?? ''), 'utf8');
      const exports = [...text.matchAll(/^export (TRESTLE\w+)=(\S+)$/gm)].map(([, name, value]) => [
        name,
        value,
      ]);
      const env = { ...process.env, ...Object.fromEntries(exports) };
      const steps = stepsOf(text);
      if (steps.length > 0) await requireOutputs(steps, await startedServer(t, [folder], env), env);
    }
    // The last page is the test of the app.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const cwd = folders.at(-1);
    await promisify(execFile)(process.execPath, ['--test', 'clinic.test.ts'], { cwd, env });
  });
});

/** Runs the commands of a tour against a server, and compares what they print with what the document says. */
async function requireOutputs(steps: readonly Step[], url: string, env: NodeJS.ProcessEnv): Promise<void> {
  const commands = steps.map(({ command }) => command.replaceAll(WRITTEN, url));
  const outputs = await run(commands, env);
  for (const [index, { command, output }] of steps.entries()) {
    const answer = outputs[index]?.replaceAll(url, 'localhost:4000') ?? '';
    assert.match(answer, pattern(output.replaceAll(WRITTEN, 'localhost:4000')), `${command}\n${answer}`);
  }
}

interface Step {
  command: string;
  output: string;
}

function stepsOf(text: string): Step[] {
  const blocks = [...text.matchAll(/^```console\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? '');
  const steps = blocks.flatMap((block) => block.split(/^\$ /m).slice(1));
  return steps
    .map((step) => {
      const command = /^(?:.*\\\n)*.*/.exec(step)?.[0] ?? '';
      return { command, output: step.slice(command.length).trim() };
    })
    .filter(({ command }) => !command.startsWith('npm '));
}

/** The address of a server as the document's reader starts it, but for its port and data. */
async function startedServer(
  t: TestContext,
  words: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const data = await mkdtemp(join(tmpdir(), 'trestle-tour-'));
  const main = join(ROOT, 'packages/trestle/src/cli/main.ts');
  const own = ['--port', '0', '--host', '127.0.0.1', '--data', data, '--readiness-delay', '0'];
  const server = spawn(process.execPath, [main, 'serve', ...words, ...own], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  server.stderr.on('data', (part) => {
    log = `${log}${part}`.slice(-2000);
  });
  const ended = new Promise((done) => server.once('exit', done));
  t.after(async () => {
    server.kill('SIGTERM');
    await ended;
    await rm(data, { recursive: true });
  });
  for await (const line of createInterface({ input: server.stdout })) {
    const [, url] = /http:\/\/(127\.0\.0\.1:\d+)/.exec(line) ?? [];
    if (url) return url;
  }
  return assert.fail(`the server did not start:\n${log}`);
}

async function run(commands: readonly string[], env: NodeJS.ProcessEnv): Promise<string[]> {
  const script = [...commands, 'true'].join(`\necho; echo '${BETWEEN}'\n`);
  const { stdout } = await promisify(execFile)('bash', ['-c', script], { timeout: 60_000, env });
  return stdout.split(BETWEEN).map((output) => output.trim());
}

/** The pattern of outputs that agree with the document. */
function pattern(output: string): RegExp {
  const source = output.split(PARTS).map((part, index) => {
    if (index % 2 === 0) return RegExp.escape(part);
    return part === '…' ? '.*?' : VARYING.find((each) => new RegExp(`^${each}$`).test(part));
  });
  return new RegExp(`^${source.join('')}$`);
}
