import { join } from 'node:path';
import workspace from '../package.json' with { type: 'json' };
import type { Candidate, Ground } from './candidate.ts';
import { installedWithTrestle } from './installed-with-trestle.ts';
import { NEEDLE, RARE_VIEWS } from './messages.ts';
import { type ServerProcess, startProcess } from './processes.ts';
import { fillPostgres, fillSqlite } from './seed.ts';
import { PAGE, type Requests } from './workload.ts';

/** The uniform API and the contract of `apps/messages`, and the uniform API of an app whose reads are not counted. */
type Face = 'uniform' | 'contract' | 'uncounted';

const ROOT = join(import.meta.dirname, '..');
/** What `npm start` gives to Node: its flags and the command line. */
const [, ...START] = workspace.scripts.start.split(' ');
const PERSON = { username: 'reader', password: 'a password of the benchmark' };

/** Trestle, started by its command line as anybody would. */
export function trestle(store: 'sqlite' | 'postgres', face: Face): Candidate {
  return {
    name: `trestle-${face}-${store}`,
    title: face === 'contract' ? 'Trestle, contract of messages' : 'Trestle, uniform API',
    line: face === 'contract' ? `trestle-contract-${store}` : `trestle-uniform-${store}`,
    store,
    ...(face === 'uncounted' && { times: ['read', 'checked'] as const }),
    installed: installedWithTrestle,
    async start(ground) {
      await prepare(ground, face);
      const started = await serve(ground, face, ground.workers);
      const token = await signUp(started.url);
      return { ...started, requests: await requestsOf(face, started.url, token, ground.rows) };
    },
    rows: (answer) => (isRecord(answer) ? answer.items : answer),
  };
}

/** The first start makes the tables; the rows are put in behind its back. */
async function prepare(ground: Ground, face: Face): Promise<void> {
  const first = await serve(ground, face, 1);
  await first.stop();
  if (ground.database === undefined) fillSqlite(join(ground.folder, 'messages.db'), ground.rows);
  else await fillPostgres(ground.database, ground.rows, 'messages');
}

function serve(ground: Ground, face: Face, workers: number): Promise<ServerProcess> {
  const { folder, port, cores, database } = ground;
  const app = face === 'uncounted' ? 'bench/app' : 'apps/messages';
  const words = [app, '--data', folder, '--readiness-delay', '0'];
  if (database !== undefined) words.push('--database', database);
  if (workers > 1) words.push('--workers', String(workers));
  const command = [process.execPath, ...START, ...words];
  return startProcess({
    command,
    cores,
    port,
    probe: '/v1/messages?limit=1',
    log: join(folder, 'log'),
    folder: ROOT,
  });
}

async function signUp(url: string): Promise<string> {
  await post(`${url}/v1/accounts`, PERSON);
  const { access_token: token } = await post(`${url}/v1/sessions`, PERSON);
  return String(token);
}

async function post(url: string, body: object): Promise<Record<string, unknown>> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return JSON.parse(await response.text());
}

async function requestsOf(face: Face, url: string, token: string, rows: number): Promise<Requests> {
  const headers = { authorization: `Bearer ${token}` };
  const base = face === 'contract' ? '/api/messages' : '/v1/messages';
  const one = { method: 'GET', path: `${base}/{id}` } as const;
  const list = `${base}?limit=${PAGE}`;
  const both: Requests = {
    list: { method: 'GET', path: list },
    ...(face === 'uncounted' ? { read: one, checked: { ...one, headers } } : { count: one }),
    patch: { method: 'PATCH', path: one.path, headers, body: { content: 'edited {n} by the benchmark' } },
    create: { method: 'POST', path: base, headers, body: { content: 'hello {n} from the benchmark' } },
  };
  if (face === 'contract')
    return { ...both, 'sign-in': { method: 'POST', path: '/api/auth/token', body: PERSON } };
  const sorted = `${list}&sort=-created_at`;
  return {
    ...both,
    list: { method: 'GET', path: sorted },
    filtered: { method: 'GET', path: `${sorted}&filter[content][contains]=${NEEDLE}` },
    equal: { method: 'GET', path: `${sorted}&filter[views]=${RARE_VIEWS}` },
    'page-1': { method: 'GET', path: sorted },
    ...(rows > 1000 * PAGE && { 'page-1000': { method: 'GET', path: await thousandthPage(url, sorted) } }),
    'sign-in': { method: 'POST', path: '/v1/sessions', body: PERSON },
  };
}

/** A cursor is opaque: the only way to the thousandth page is the one a client goes. */
async function thousandthPage(url: string, list: string): Promise<string> {
  let path = list;
  for (let page = 1; page < 1000; page += 1) {
    const answer: unknown = JSON.parse(await (await fetch(`${url}${path}`)).text());
    if (!isRecord(answer) || typeof answer.next !== 'string') throw new Error(`page ${page} has no next`);
    path = `${list}&cursor=${encodeURIComponent(answer.next)}`;
  }
  return path;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
