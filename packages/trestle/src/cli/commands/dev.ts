import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, type FSWatcher, readdirSync, readFileSync, statSync, watch } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseEnv } from 'node:util';
import { type Command, Option } from 'commander';
import { MIGRATION_REFUSED } from '../../database/migrations/refusals.ts';
import { type DataOptions, port, withData } from '../data-options.ts';
import { STOP_WITH_PARENT } from '../serving/stop-signals.ts';

interface DevOptions extends DataOptions {
  port: number;
  host: string;
  typeCheck: boolean;
}

/** Changes that come together (an editor's save, a checkout) restart once. */
const QUIET_MS = 40;
/** A server that does not stop within this time is told a second time, which ends it at once. */
const STOP_TIMEOUT_MS = 300;
/** How often a server that npm runs looks whether that is still there. */
const PARENT_CHECK_MS = 500;
/** Folders that hold no source. */
const IGNORED = new Set(['node_modules', '.git', 'dist', 'build', 'coverage']);
const WATCHED = /\.(?:[cm]?[jt]s|json)$|^\.env$/;

/** `trestle dev [apps...]` */
export function define(command: Command): void {
  command.argument('[apps...]', 'folders of apps, or their names in apps/ (default: as serve)');
  withData(command)
    .addOption(
      new Option('--port <number>', 'the port; 0: any free one').env('PORT').default(4000).argParser(port),
    )
    .addOption(new Option('--host <address>', 'where to listen').env('HOST').default('127.0.0.1'))
    .option('--no-type-check', 'do not run the compiler of the project beside the server')
    .action((names: string[], options: DevOptions) => new DevServer(names, options).run());
}

/**
 * Serves apps and restarts the server when a source file below the current folder changes. The data stays. A server that
 * cannot start says why, and the next change tries again; the compiler's errors are shown beside it.
 */
class DevServer {
  readonly #names: readonly string[];
  readonly #options: DevOptions;
  #server: ChildProcess | undefined;
  #compiler: ChildProcess | undefined;
  #typesFailed = false;
  #port: number;
  #announced = false;

  constructor(names: readonly string[], options: DevOptions) {
    this.#names = names;
    this.#options = options;
    this.#port = options.port;
  }

  /** Runs until SIGINT or SIGTERM, or until npm, which has started it, is stopped. */
  async run(): Promise<void> {
    const changes = watchSources(this.#options.data);
    const stopped = Promise.withResolvers<'stopped'>();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopped.resolve('stopped'));
    onEndOfNpm(() => stopped.resolve('stopped'));
    for (;;) {
      const started = performance.now();
      this.#checkTypes();
      const ended = this.#start(started);
      const changed = changes.next();
      let next = await Promise.race([ended, changed, stopped.promise]);
      if (next === MIGRATION_REFUSED && (await this.#migrate())) continue;
      if (typeof next === 'number') {
        say('waiting for a change');
        next = await Promise.race([changed, stopped.promise]);
      }
      this.#compiler?.kill();
      const server = this.#server;
      if (server && server.exitCode === null && server.signalCode === null) {
        const exited = once(server, 'exit');
        server.kill('SIGTERM');
        const again = setTimeout(() => server.kill('SIGTERM'), STOP_TIMEOUT_MS);
        await exited;
        clearTimeout(again);
      }
      if (next === 'stopped') break;
      say(`${String(next)} changed`);
    }
    changes.close();
  }

  /** Starts the server; resolves with its exit code if it ends by itself. */
  async #start(started: number): Promise<number> {
    const { data, database, host } = this.#options;
    const args = ['serve', ...this.#names, '--port', String(this.#port), '--host', host, '--data', data];
    args.push('--readiness-delay', '0', ...(database === undefined ? [] : ['--database', database]));
    const child = spawn(process.execPath, [...process.execArgv, String(process.argv[1]), ...args], {
      env: environment(),
      stdio: ['inherit', 'pipe', 'inherit', 'ipc'],
    });
    this.#server = child;
    child.send(STOP_WITH_PARENT);
    // Shows the addresses once, and afterwards how long a restart took. A port that was chosen freely is kept.
    child.stdout?.on('data', (text: Buffer) => {
      const address = /http:\/\/\S+?:(\d+)\//.exec(String(text));
      if (!address) return;
      this.#port = Number(address[1]);
      if (!this.#announced) process.stdout.write(text);
      else say(`restarted in ${Math.round(performance.now() - started)} ms`);
      this.#announced = true;
    });
    const [code] = await once(child, 'exit');
    return code ?? 1;
  }

  /** Asks whether changes that lose data are to be made, where a person can answer. */
  async #migrate(): Promise<boolean> {
    const { data, database } = this.#options;
    const command = ['migrate', 'apply', ...this.#names, '--destructive', '--data', data];
    if (database !== undefined) command.push('--database', database);
    if (!process.stdin.isTTY) {
      say(`to make these changes: trestle migrate apply --destructive`);
      return false;
    }
    const terminal = createInterface({ input: process.stdin, output: process.stdout });
    const answer = await terminal.question('  Make these changes? Data may be lost. [y/N] ');
    terminal.close();
    if (!/^y(es)?$/i.test(answer.trim())) return false;
    const child = spawn(process.execPath, [...process.execArgv, String(process.argv[1]), ...command], {
      env: environment(),
      stdio: 'inherit',
    });
    const [code] = await once(child, 'exit');
    return code === 0;
  }

  /** Runs the project's own compiler once, with the project's own settings. */
  #checkTypes(): void {
    const compiler = resolve('node_modules/.bin/tsc');
    if (!this.#options.typeCheck || !existsSync('tsconfig.json') || !existsSync(compiler)) return;
    const child = spawn(compiler, ['--noEmit', '--pretty', String(process.stdout.isTTY === true)], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.#compiler = child;
    let output = '';
    child.stdout.on('data', (text) => {
      output += text;
    });
    child.on('close', (code) => {
      if (code === null) return;
      if (code !== 0) process.stdout.write(`${output.trimEnd()}\n`);
      else if (this.#typesFailed) say('no type errors');
      this.#typesFailed = code !== 0;
    });
  }
}

/**
 * Calls once npm's shell has ended: npx and `npm run` hand a signal on to that alone, which ends without telling what it has run.
 * A shell that somebody types into may end, and leave a server that was started in the background.
 */
function onEndOfNpm(ended: () => void): void {
  if (!/\btrestle\b/.test(process.env.npm_lifecycle_script ?? '')) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    ended();
  }, PARENT_CHECK_MS);
  timer.unref();
}

function say(text: string): void {
  process.stdout.write(`  ${text}\n`);
}

/** The variables of `.env` in the current folder, read anew at each start; those of the process itself win. */
function environment(): NodeJS.ProcessEnv {
  return { ...(existsSync('.env') && parseEnv(readFileSync('.env', 'utf8'))), ...process.env };
}

/**
 * Paths of source files below the current folder, one for each burst of changes; none is lost between two calls. Each
 * folder is watched by itself: a recursive watch on Linux loses files that an editor replaces by renaming.
 */
function watchSources(data: string): { next(): Promise<string>; close(): void } {
  const ignoredData = resolve(data);
  const watchers = new Map<string, FSWatcher>();
  let burst = Promise.withResolvers<string>();
  let timer: NodeJS.Timeout | undefined;
  const changed = (path: string) => {
    clearTimeout(timer);
    timer = setTimeout(() => burst.resolve(path), QUIET_MS);
  };
  const watchTree = (folder: string) => {
    if (IGNORED.has(basename(folder)) || resolve(folder) === ignoredData) return;
    if (!watchers.has(folder)) {
      const watcher = watch(folder, (_event, name) => {
        if (name === null) return;
        const path = join(folder, name);
        if (WATCHED.test(name)) changed(path);
        else if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) watchTree(path);
      });
      watcher.on('error', () => {
        watcher.close();
        watchers.delete(folder);
      });
      watchers.set(folder, watcher);
    }
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory()) watchTree(join(folder, entry.name));
  };
  watchTree('.');
  return {
    next: () =>
      burst.promise.then((path) => {
        burst = Promise.withResolvers<string>();
        return path;
      }),
    close() {
      clearTimeout(timer);
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}
