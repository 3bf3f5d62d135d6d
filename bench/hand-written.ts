import { join } from 'node:path';
import type { Candidate, Ground, Running } from './candidate.ts';
import { message, NEEDLE, RARE_VIEWS } from './messages.ts';
import { startProcess } from './processes.ts';
import { fillPostgres, fillSqlite, makePostgresTable, makeSqliteTable } from './seed.ts';
import { PAGE, type Requests } from './workload.ts';

/** How every operation is said to the servers that somebody wrote for this one table. */
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
    'sign-in': { method: 'POST', path: '/sign-in', body: SIGN_IN },
  };
}

const SIGN_IN = { username: 'reader', password: 'a password of the benchmark' };

export function rawHttp(): Candidate {
  return {
    name: 'raw-http',
    title: 'node:http alone, fixed answers (the ceiling)',
    store: 'none',
    fixed: true,
    async start(ground) {
      const started = await run('raw-http.ts', ground, {});
      const { read, create } = plainRequests(ground.rows, '');
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
    async start(ground) {
      const file = join(ground.folder, 'messages.db');
      makeSqliteTable(file);
      fillSqlite(file, ground.rows);
      return signedIn(await run('fastify-sqlite.ts', ground, { DATABASE: file, ...env }), ground);
    },
  };
}

export function handWrittenOnPostgres(name: string, title: string): Candidate {
  return {
    name,
    title,
    store: 'postgres',
    async start(ground) {
      const { database = '' } = ground;
      await makePostgresTable(database);
      await fillPostgres(database, ground.rows);
      return signedIn(await run('fastify-postgres.ts', ground, { DATABASE: database }), ground);
    },
  };
}

function run(program: string, { folder, port, cores }: Ground, env: Readonly<Record<string, string>>) {
  const command = [process.execPath, '--no-warnings', join(import.meta.dirname, 'servers', program)];
  return startProcess({ command, cores, port, probe: '/messages/1', log: join(folder, 'log'), env });
}

async function signedIn(started: Awaited<ReturnType<typeof startProcess>>, ground: Ground): Promise<Running> {
  const response = await fetch(`${started.url}/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(SIGN_IN),
  });
  const { access }: { access: string } = JSON.parse(await response.text());
  return { ...started, requests: plainRequests(ground.rows, access) };
}
