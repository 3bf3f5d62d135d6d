import { join } from 'node:path';
import {
  fillPostgres,
  fillSqlite,
  makePostgresTable,
  makeSqliteTable,
  message,
  NEEDLE,
  RARE_VIEWS,
} from '../suites/seed.ts';
import { PAGE, type Requests } from '../suites/workload.ts';
import type { Candidate, RunningServer, StartOptions } from './candidate.ts';
import { type ServerProcess, startProcess } from './processes.ts';

/** Requests of the servers that are written for this one table. */
export function plainRequests(rows: number, token: string): Requests {
  const headers = { authorization: `Bearer ${token}` };
  const list = `/messages?limit=${PAGE}`;
  // The thousandth page follows the last row of the one before it.
  const before = message(rows - 999 * PAGE + 1).created_at;
  return {
    read: { method: 'GET', path: '/messages/{id}' },
    checked: { method: 'GET', path: '/checked/{id}', headers },
    list: { method: 'GET', path: list },
    filtered: { method: 'GET', path: `${list}&contains=${NEEDLE}` },
    equal: { method: 'GET', path: `${list}&views=${RARE_VIEWS}` },
    'page-1': { method: 'GET', path: list },
    ...(rows > 1000 * PAGE && { 'page-1000': { method: 'GET', path: `${list}&before=${before}` } }),
    count: { method: 'GET', path: '/messages/{id}/view' },
    patch: {
      method: 'PATCH',
      path: '/messages/{id}',
      headers,
      body: { content: 'edited {n} by the benchmark' },
    },
    create: { method: 'POST', path: '/messages', headers, body: { content: 'hello {n} from the benchmark' } },
    'sign-in': { method: 'POST', path: '/sign-in', body: CREDENTIALS },
  };
}

const CREDENTIALS = { username: 'reader', password: 'a password of the benchmark' };

export function rawHttp(): Candidate {
  return {
    name: 'raw-http',
    title: 'node:http alone, fixed answers (the ceiling)',
    store: 'none',
    fixed: true,
    async start(options) {
      const started = await run('raw-http.ts', options, {});
      const { read, create } = plainRequests(options.rows, '');
      return { ...started, requests: { ...(read && { read }), ...(create && { create }) } };
    },
  };
}

export function handWritten(
  { name, title, times }: Pick<Candidate, 'name' | 'title' | 'times'>,
  env: Readonly<Record<string, string>>,
): Candidate {
  return {
    name,
    title,
    ...(times && { times }),
    store: 'sqlite',
    async start(options) {
      const file = join(options.folder, 'messages.db');
      makeSqliteTable(file);
      fillSqlite(file, options.rows);
      return signedIn(await run('fastify-sqlite.ts', options, { DATABASE: file, ...env }), options);
    },
  };
}

export function handWrittenOnPostgres(name: string, title: string): Candidate {
  return {
    name,
    title,
    store: 'postgres',
    async start(options) {
      const { database = '' } = options;
      await makePostgresTable(database);
      await fillPostgres(database, options.rows);
      return signedIn(await run('fastify-postgres.ts', options, { DATABASE: database }), options);
    },
  };
}

function run(program: string, { folder, port, cores }: StartOptions, env: Readonly<Record<string, string>>) {
  const command = [process.execPath, '--no-warnings', join(import.meta.dirname, program)];
  return startProcess({ command, cores, port, probe: '/messages/1', log: join(folder, 'log'), env });
}

async function signedIn(started: ServerProcess, options: StartOptions): Promise<RunningServer> {
  const response = await fetch(`${started.url}/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(CREDENTIALS),
  });
  const { access }: { access: string } = JSON.parse(await response.text());
  return { ...started, requests: plainRequests(options.rows, access) };
}
