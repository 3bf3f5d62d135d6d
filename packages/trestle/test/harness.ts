import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MIN_HASH_COST } from '../src/accounts/passwords/passwords.ts';
import { type Engine, type EngineOptions, openEngine } from '../src/engine.ts';
import { engineLog, openLog } from '../src/http/logging/logging.ts';
import { ErrorLog } from '../src/http/logging/logging-errors.ts';
import { startServer } from '../src/http/server/server.ts';
import type { ServerOptions } from '../src/http/server/server-options.ts';
import type { App } from '../src/schema/app.ts';
import type { Resources } from '../src/schema/row-types.ts';
import { type CallOptions, call } from '../src/testing.ts';

/** The administrator's secret of every server that tests start. */
export const ADMINISTRATOR = 'administrator-of-tests-and-nothing-else-0123456789';

const QUICK = { administratorSecret: ADMINISTRATOR, passwords: { cost: MIN_HASH_COST } };

export interface StartOptions extends Partial<EngineOptions>, Partial<Omit<ServerOptions, 'log'>> {}

/** An answer. `body` is its JSON, or its text where it has another media type; undefined without one. */
export interface Reply<Body> {
  status: number;
  headers: Headers;
  body: Body;
}

export interface RunningApp {
  url: string;
  /** The folder of its database and secrets. */
  data: string;
  engines: readonly Engine[];
  /** The lines of the log so far, parsed. */
  log: Record<string, unknown>[];
  /** `call<{ id: number }>('POST /projects', { token, body: { title: 'A' } })` */
  call<Body = unknown>(line: string, options?: CallOptions): Promise<Reply<Body>>;
  close(): Promise<void>;
}

/**
 * Starts a real server on a free port over a fresh data folder: one app at `/`, several under `/NAME` each. `close` ends it
 * and removes the folder; `await using` does so by itself.
 */
export async function startApps(
  apps: App<Resources> | readonly App<Resources>[],
  options: StartOptions = {},
): Promise<RunningApp & AsyncDisposable> {
  const all = [apps].flat();
  const folder = options.data ?? (await mkdtemp(join(tmpdir(), 'trestle-')));
  const log: Record<string, unknown>[] = [];
  const engines: Engine[] = [];
  const lines = openLog({ to: (line) => log.push(JSON.parse(line)) });
  const errors = new ErrorLog(lines.lines);
  const told = { log: (name: string) => engineLog(lines, errors, name) };
  for (const app of all) engines.push(await openEngine(app, { ...QUICK, ...told, ...options, data: folder }));
  const mounts = engines.map((engine) => ({ engine, base: all.length > 1 ? `/${engine.app.name}` : '' }));
  const server = await startServer(mounts, { port: 0, ...options, log: lines });
  const close = async () => {
    await server.close();
    for (const engine of engines) await engine.close();
    if (options.data === undefined) await rm(folder, { recursive: true, force: true });
  };
  return {
    url: server.url,
    data: folder,
    engines,
    log,
    call: (line, options) => callOver(server.url, line, options),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** One request to any server. `Body` is what the test expects; its assertions say whether that came. */
export async function callOver<Body = unknown>(
  url: string,
  line: string,
  options?: CallOptions,
): Promise<Reply<Body>> {
  const [method = 'GET', path = '/'] = line.split(' ');
  const { status, headers, body } = await call(url, method, path, options);
  return { status, headers, body: body as Body };
}
