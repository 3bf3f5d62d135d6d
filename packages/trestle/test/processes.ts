import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { until } from './until.ts';

const ROOT = join(import.meta.dirname, '../../..');
const MAIN = join(import.meta.dirname, '../src/cli/main.ts');
/** Where an app in a temporary folder imports the engine from, quoted. */
export const ENGINE = JSON.stringify(join(import.meta.dirname, '../src/index.ts'));
export const CONTRACT = JSON.stringify(join(import.meta.dirname, '../src/contract.ts'));

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Serving {
  url: string;
  child: ChildProcess;
  /** Its output so far. */
  output: { stdout: string; stderr: string };
  ended: Promise<Ended>;
  /** Ends it as a crash would: no handler runs. */
  kill(): Promise<void>;
  /** Ends it with SIGTERM. */
  stop(): Promise<Ended>;
}

export interface RunOptions {
  /** The working folder (default: a new one). */
  cwd?: string;
  env?: Record<string, string>;
  /** A command that runs it, with its arguments, such as `strace` (default: none). */
  under?: readonly string[];
  /** Runs the command line (default: this Node, from the source). */
  by?: readonly string[];
  /** Standard input (default: empty). */
  input?: string;
}

/** The environment without what would change a run. */
function environment(extra: Record<string, string> = {}): NodeJS.ProcessEnv {
  const { PORT, HOST, TRESTLE_DATA, DATABASE_URL, TRESTLE_ADMIN_SECRET, TRESTLE_LOG, ...rest } = process.env;
  return { ...rest, ...extra };
}

/** Starts the real command line as a process of its own. */
export function start(
  words: readonly string[],
  { cwd, env, under = [], by = [process.execPath, MAIN], input }: RunOptions = {},
) {
  const [command = '', ...args] = [...under, ...by, ...words];
  const child = spawn(command, args, {
    cwd: cwd ?? temporaryFolder(),
    env: environment(env),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // A process may end without having read it.
  child.stdin.on('error', () => {}).end(input);
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk;
  });
  const ended = once(child, 'close').then(([code]): Ended => ({ code, ...output }));
  return { child, output, ended };
}

/** Runs a command to its end. */
export function run(words: readonly string[], options?: RunOptions): Promise<Ended> {
  return start(words, options).ended;
}

/** A command as `command-host.ts` is sent it. */
export interface HostedCommand {
  readonly words: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly input: string;
}

let host: { readonly child: ChildProcess; readonly gone: Promise<never> } | undefined;
let hosted: Promise<unknown> = Promise.resolve();
after(() => host?.child.kill('SIGKILL'));

function startHost() {
  const child = fork(join(import.meta.dirname, 'command-host.ts'), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const gone = once(child, 'exit').then(([code]) => Promise.reject(new Error(`the host ended with ${code}`)));
  gone.catch(() => {});
  return { child, gone };
}

/**
 * Runs a command to its end in the one process that the commands of a test file share: a process of its own takes half a second.
 * For commands that end by themselves; that they do, tests with `run` show.
 */
export function command(words: readonly string[], { cwd, env, input = '' }: RunOptions = {}): Promise<Ended> {
  host ??= startHost();
  const { child, gone } = host;
  const asked: HostedCommand = { words, cwd: cwd ?? temporaryFolder(), env: environment(env), input };
  const ended = hosted.then(async (): Promise<Ended> => {
    child.send(asked);
    const [result] = await Promise.race([once(child, 'message'), gone]);
    return result;
  });
  hosted = ended.catch(() => {});
  return ended;
}

/** Serves on a free port; resolves once it says where. */
export async function serve(words: readonly string[], options?: RunOptions): Promise<Serving> {
  const started = start(['serve', '--port', '0', ...words], options);
  for (;;) {
    const url = /http:\/\/[\d.]+:\d+/.exec(started.output.stdout)?.[0];
    if (url && started.output.stdout.endsWith('\n\n')) return { url, ...started, ...endings(started) };
    const next = await Promise.race([once(started.child.stdout, 'data'), started.ended]);
    if ('code' in next) throw new Error(`ended with ${next.code}: ${next.stderr}`);
  }
}

function endings({ child, ended }: Pick<Serving, 'child' | 'ended'>): Pick<Serving, 'kill' | 'stop'> {
  return {
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** Serves one of the repository's systems on a free port, and stops without a delay. */
export function serveSystem(
  name: string,
  args: readonly string[],
  under?: readonly string[],
): Promise<Serving> {
  const options = { cwd: ROOT, ...(under && { under }) };
  return serve([`apps/${name}`, '--readiness-delay', '0', ...args], options);
}

/** A folder that is removed when the file's tests are over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'trestle-cli-'));
  folders.push(folder);
  return folder;
}

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Waits until a request has reached the slow route of `NOTES` in this folder. */
export async function slowBegan(folder: string): Promise<void> {
  await until(() => existsSync(join(folder, 'slow-began')));
}

/** Lets the slow route of `NOTES` in this folder answer. */
export function release(folder: string): void {
  writeFileSync(join(folder, 'slow-may-end'), '');
}

/** A folder with an `app.ts` of this text. */
export function appFolder(text: string): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'app.ts'), text);
  return folder;
}

/**
 * An app of one resource that anyone may use. Its contract has a route that takes until `release` is called, and one that
 * breaks the process.
 */
export const NOTES = `
import { existsSync, writeFileSync } from 'node:fs';
import { watch } from 'node:fs/promises';
import { join } from 'node:path';
import { anyone, app, integerId, resource, text } from ${ENGINE};
import { answer, route } from ${CONTRACT};
const notes = resource({
  id: integerId(),
  fields: { content: text({ max: 160 }) },
  can: { read: anyone, create: anyone, update: anyone, delete: anyone },
});
const slow = route('GET', '/slow', { summary: 'Takes until it is released', answers: { 200: null } }, async () => {
  setImmediate(() => writeFileSync(join(import.meta.dirname, 'slow-began'), ''));
  for await (const _ of watch(import.meta.dirname)) if (existsSync(join(import.meta.dirname, 'slow-may-end'))) break;
  return answer(200, { slow: true });
});
const crash = route('POST', '/crash', { summary: 'Breaks outside of the request', answers: { 202: null } }, () => {
  setTimeout(() => { throw new Error('nobody catches this'); }, 1);
  return answer(202, {});
});
export default app({
  name: 'notes',
  resources: { notes },
  contract: () => ({ routes: [slow, crash], errors: (problem) => ({ status: problem.status, body: { error: problem.code } }) }),
});
`;
