/**
 * For tests: an app that is served over a database of its own.
 *
 * @module trestle/testing
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MIN_HASH_COST } from './accounts/passwords/passwords.ts';
import { type Engine, openEngine } from './engine.ts';
import { engineLog, openLog } from './http/logging/logging.ts';
import { ErrorLog } from './http/logging/logging-errors.ts';
import { startServer } from './http/server/server.ts';
import type { App } from './schema/app.ts';
import type { Jobs } from './schema/jobs.ts';
import type { Fields } from './schema/resource.ts';
import type { ContractContext } from './schema/routes/app-contract.ts';
import type { Resources } from './schema/row-types.ts';

/** Where a test's app keeps its rows, and how many servers it has. */
export interface ServeOptions {
  /** A data folder that is kept (default: a new one, removed when the server is closed). */
  data?: string;
  /** A `postgres://` URL (default: SQLite). */
  database?: string | undefined;
  /** A mail server, `smtp://127.0.0.1:2525` (default: mails are files, `ID.eml` in `DATA/APP/mails`). */
  smtp?: string;
  /** Servers on the same data; requests are distributed among them in turn (default: 1). */
  servers?: number;
}

/** An app that is served for a test, on a free port of the loopback address. */
export interface Served<Rs extends Resources = Resources, Js extends Jobs = Jobs, F extends Fields = Fields> {
  /** The URL of the first server. */
  readonly url: string;
  /** The context of the app's own code, `context.services`, `jobs`, `accounts`, as a contract is given it. */
  readonly context: ContractContext<Rs, Js, F>;
  /** The engine of the first server. @internal */
  readonly engine: Engine<Rs, Js, F>;
  /** The data folder. */
  readonly data: string;
  /** The administrator's secret of this server. */
  readonly administrator: string;
  /** Sends a request to the next of the servers, as `call` does. */
  call(method: string, path: string, options?: CallOptions): Promise<Reply>;
  /** The number of SQL statements that the servers have run so far. */
  statements(): number;
  /** The log of the servers so far. */
  log(): string;
  /** Closes the servers, and removes the data folder where it is a new one. */
  close(): Promise<void>;
}

/** The body and header fields of a request. */
export interface CallOptions {
  /** A string, a form, bytes or a stream are sent as they are, any other value as JSON (default: no body). */
  body?: unknown;
  /** Sent as a Bearer token (default: no credentials). */
  token?: string | undefined;
  /** Request headers beside those of body and token (default: none). */
  headers?: Record<string, string>;
}

/** The answer to a request of a test. */
export interface Reply {
  /** The HTTP status. */
  status: number;
  /** The response headers. */
  headers: Headers;
  /** The parsed JSON of the body, or its text where it has another media type; undefined without a body. */
  body: unknown;
}

const ADMINISTRATOR = 'the-administrators-secret-of-a-test';

/**
 * Serves an app for a test: on a free port of the loopback interface, over a database of its own. Passwords are hashed at the
 * least cost, so that tests are quick.
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
  const { database, smtp, servers: count = 1 } = options;
  const data = options.data ?? mkdtempSync(join(tmpdir(), `trestle-${app.name}-`));
  const lines: string[] = [];
  const open = async () => {
    const log = openLog({ to: (line) => lines.push(line) });
    const errors = new ErrorLog(log.lines);
    const engine = await openEngine(app, {
      data,
      database,
      shared: count > 1,
      mail: { smtp },
      passwords: { cost: MIN_HASH_COST },
      administratorSecret: ADMINISTRATOR,
      log: (name) => engineLog(log, errors, name),
    });
    // Every engine stands where some engine is asked for: its app is given its own context.
    const mounted = { engine: engine as unknown as Engine, base: '' };
    return { engine, server: await startServer([mounted], { port: 0, log }) };
  };
  const first = await open();
  const all = [first];
  while (all.length < count) all.push(await open());
  let next = 0;
  return {
    url: first.server.url,
    engine: first.engine,
    context: first.engine.context,
    data,
    administrator: ADMINISTRATOR,
    call: (method, path, options) =>
      call((all[next++ % all.length] ?? first).server.url, method, path, options),
    statements: () => all.reduce((sum, { engine }) => sum + engine.store.statements, 0),
    log: () => lines.join(''),
    async close() {
      await Promise.all(all.map(({ server }) => server.close({ readinessDelay: 0 })));
      await Promise.all(all.map(({ engine }) => engine.close()));
      if (options.data === undefined) rmSync(data, { recursive: true, force: true });
    },
  };
}

/**
 * Sends a request to a server, and reads its answer whole. Redirects are answers.
 *
 * @param url the server's, for example `served.url`.
 * @param options the body, a token, headers (default: none of them).
 * @throws {TypeError} where the server cannot be reached.
 * @example
 * const { status } = await call('http://localhost:8000', 'GET', '/v1/notes');
 */
export async function call(
  url: string,
  method: string,
  path: string,
  { body, token, headers }: CallOptions = {},
): Promise<Reply> {
  // What `fetch` sends as it is; anything else goes as JSON.
  const isSent =
    body === undefined ||
    typeof body === 'string' ||
    body instanceof URLSearchParams ||
    body instanceof FormData ||
    body instanceof Blob ||
    body instanceof Uint8Array ||
    body instanceof ReadableStream;
  const response = await fetch(`${url}${path}`, {
    method,
    redirect: 'manual',
    headers: {
      ...(!isSent && { 'Content-Type': 'application/json' }),
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(body !== undefined && { body: isSent ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  const parsed = text === '' ? undefined : isJson ? JSON.parse(text) : text;
  return { status: response.status, headers: response.headers, body: parsed };
}
