import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, type EngineOptions, openEngine } from './engine.ts';
import { openLog } from './http/logging/logging.ts';
import { startServer } from './http/server/server.ts';
import type { App } from './schema/app.ts';
import type { Jobs } from './schema/jobs.ts';
import type { Fields } from './schema/resource.ts';
import type { Resources } from './schema/row-types.ts';

export interface ServeOptions {
  /** A data folder that is kept (default: a new one, removed when the server is closed). */
  data?: string;
  /** A `postgres://` URL (default: SQLite). */
  database?: string | undefined;
  /** Servers on the same data; requests are distributed among them in turn (default: 1). */
  servers?: number;
}

/** An app that is served for a test, on a free port of the loopback address. */
export interface Served<Rs extends Resources = Resources, Js extends Jobs = Jobs, F extends Fields = Fields> {
  /** The URL of the first server. */
  readonly url: string;
  /** The engine of the first server. */
  readonly engine: Engine<Rs, Js, F>;
  readonly data: string;
  /** The administrator's secret of this server. */
  readonly administrator: string;
  /** Sends a request. A `URLSearchParams` or `FormData` body is sent as a form, any other value but a string as JSON. */
  call(method: string, path: string, options?: CallOptions): Promise<Reply>;
  /** The number of SQL statements that the servers have run so far. */
  statements(): number;
  /** The log of the servers so far. */
  log(): string;
  close(): Promise<void>;
}

export interface CallOptions {
  body?: unknown;
  /** Sent as a Bearer token. */
  token?: string | undefined;
  headers?: Record<string, string>;
}

export interface Reply {
  status: number;
  headers: Headers;
  /** The parsed JSON of the body, or its text where it is not JSON; undefined without a body. */
  body: unknown;
}

const ADMINISTRATOR = 'the-administrators-secret-of-a-test';

/**
 * Serves an app for a test: on a free port of the loopback interface, over a database of its own.
 *
 * @param options a data folder, a PostgreSQL URL, several servers (default: SQLite in a temporary folder, one server).
 * @throws {Error} where the database cannot be opened.
 * @example
 * const served = await serveApp(app({ name: 'notes', resources: { notes } }));
 * const { status, body } = await served.call('GET', '/v1/notes');
 * await served.close();
 */
export async function serveApp<Rs extends Resources, Js extends Jobs, F extends Fields>(
  app: App<Rs, Js, F>,
  options: ServeOptions = {},
): Promise<Served<Rs, Js, F>> {
  const { database, servers: count = 1 } = options;
  const data = options.data ?? mkdtempSync(join(tmpdir(), `trestle-${app.name}-`));
  const lines: string[] = [];
  const open = () => openOne(app, { data, database, shared: count > 1 }, (line) => lines.push(line));
  const first = await open();
  const all = [first];
  while (all.length < count) all.push(await open());
  let next = 0;
  return {
    url: first.server.url,
    engine: first.engine,
    data,
    administrator: ADMINISTRATOR,
    async call(method, path, { body, token, headers } = {}) {
      const { server } = all[next++ % all.length] ?? first;
      const form = body instanceof URLSearchParams || body instanceof FormData;
      const json = body !== undefined && typeof body !== 'string' && !form;
      const response = await fetch(`${server.url}${path}`, {
        method,
        headers: {
          ...(json && { 'Content-Type': 'application/json' }),
          ...(token !== undefined && { Authorization: `Bearer ${token}` }),
          ...headers,
        },
        ...(body !== undefined && { body: json ? JSON.stringify(body) : form ? body : String(body) }),
        redirect: 'manual',
      });
      const text = await response.text();
      const reply = { status: response.status, headers: response.headers };
      try {
        return { ...reply, body: text === '' ? undefined : JSON.parse(text) };
      } catch {
        return { ...reply, body: text };
      }
    },
    statements: () => all.reduce((sum, { engine }) => sum + engine.store.statements, 0),
    log: () => lines.join(''),
    async close() {
      await Promise.all(all.map(({ server }) => server.close({ readinessDelay: 0 })));
      await Promise.all(all.map(({ engine }) => engine.close()));
      if (options.data === undefined) rmSync(data, { recursive: true, force: true });
    },
  };
}

async function openOne<Rs extends Resources, Js extends Jobs, F extends Fields>(
  app: App<Rs, Js, F>,
  options: Pick<EngineOptions, 'data' | 'database' | 'shared'>,
  to: (line: string) => void,
) {
  const engine = await openEngine(app, { ...options, administratorSecret: ADMINISTRATOR });
  // Every engine stands where some engine is asked for: its app is given its own context.
  const mounted = { engine: engine as unknown as Engine, base: '' };
  return { engine, server: await startServer([mounted], { port: 0, log: openLog({ to }) }) };
}
