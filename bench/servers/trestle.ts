import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fillPostgres, fillSqlite, NEEDLE, RARE_VIEWS } from '../suites/seed.ts';
import { PAGE, type Requests } from '../suites/workload.ts';
import type { Candidate, StartOptions } from './candidate.ts';
import { type Installed, sizeOf } from './peers/install-peer.ts';
import { type ServerProcess, startProcess } from './processes.ts';

/** The uniform API of the benchmark's messages, the same where reads are not counted, and the contract of `apps/messages`. */
export const TRESTLE_APIS = ['uniform', 'uncounted', 'contract'] as const;

type Api = (typeof TRESTLE_APIS)[number];

const ROOT = join(import.meta.dirname, '../..');
const CREDENTIALS = { username: 'reader', password: 'a password of the benchmark' };

/** Trestle, started by its command line. */
export function trestle(store: 'sqlite' | 'postgres', api: Api): Candidate {
  return {
    ...trestleOf(ROOT, { store, api, prefix: 'trestle', title: 'Trestle' }),
    installed: installedWithTrestle,
  };
}

/** The server of another checkout that is like one of `trestle`; undefined where the name is of another server. */
export function trestleBaseline(root: string, name: string): Candidate | undefined {
  const [prefix, api, store] = name.split('-');
  const known = TRESTLE_APIS.find((each) => each === api);
  if (prefix !== 'trestle' || !known || (store !== 'sqlite' && store !== 'postgres')) return undefined;
  const { stdout } = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' });
  return trestleOf(root, {
    store,
    api: known,
    prefix: 'baseline',
    title: `Trestle ${stdout?.trim() || 'baseline'}`,
  });
}

interface TrestleOptions {
  readonly store: 'sqlite' | 'postgres';
  readonly api: Api;
  readonly prefix: string;
  readonly title: string;
}

function trestleOf(root: string, { store, api, prefix, title }: TrestleOptions): Candidate {
  return {
    name: `${prefix}-${api}-${store}`,
    title: api === 'contract' ? `${title}, contract of messages` : `${title}, uniform API`,
    line: api === 'contract' ? `${prefix}-contract-${store}` : `${prefix}-uniform-${store}`,
    store,
    ...(api === 'uncounted' && { times: ['read', 'checked'] as const }),
    async start(options) {
      await prepare(root, options, api);
      const started = await serve(root, options, api, options.workers);
      const token = await signUp(started.url);
      return { ...started, requests: await requestsOf(api, started.url, token, options.rows) };
    },
    rows: (answer) => (isRecord(answer) ? answer.items : answer),
  };
}

/** Creates the tables by a first start, then inserts the rows directly. */
async function prepare(root: string, options: StartOptions, api: Api): Promise<void> {
  const first = await serve(root, options, api, 1);
  await first.stop();
  if (options.database === undefined) fillSqlite(join(options.folder, 'messages.db'), options.rows);
  else await fillPostgres(options.database, options.rows, 'messages');
}

/** Starts a checkout's command line as its own `npm start` does, with its own Node. */
function serve(root: string, options: StartOptions, api: Api, workers: number): Promise<ServerProcess> {
  const { folder, port, cores, database } = options;
  const manifest: { scripts: { start: string } } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  const [settings = '', start = ''] = manifest.scripts.start.split(/(?:exec )?node /);
  const app = appOf(root, api);
  const args = [app, '--data', folder, '--readiness-delay', '0'];
  if (database !== undefined) args.push('--database', database);
  if (workers > 1) args.push('--workers', String(workers));
  return startProcess({
    command: [join(root, 'node_modules/node/bin/node'), ...start.split(' '), ...args],
    cores,
    port,
    probe: '/v1/messages?limit=1',
    log: join(folder, 'log'),
    folder: root,
    env: Object.fromEntries(settings.split(' ').map((setting) => setting.split('='))),
  });
}

/** Folders of the apps, with those of the first version: its `apps/messages` have no author yet, as those of the benchmark. */
const APPS: Readonly<Record<Api, readonly string[]>> = {
  uniform: ['bench/servers/counted', 'apps/messages'],
  uncounted: ['bench/servers/uncounted', 'bench/app'],
  contract: ['apps/messages'],
};

function appOf(root: string, api: Api): string {
  const found = APPS[api].find((folder) => existsSync(join(root, folder)));
  if (found) return found;
  throw new Error(`${root} has neither ${APPS[api].join(' nor ')}`);
}

async function signUp(url: string): Promise<string> {
  await post(`${url}/v1/accounts`, CREDENTIALS);
  const { access_token: token } = await post(`${url}/v1/sessions`, CREDENTIALS);
  return String(token);
}

async function post(url: string, body: object): Promise<Record<string, unknown>> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return JSON.parse(await response.text());
}

async function requestsOf(api: Api, url: string, token: string, rows: number): Promise<Requests> {
  const headers = { authorization: `Bearer ${token}` };
  const base = api === 'contract' ? '/api/messages' : '/v1/messages';
  const one = { method: 'GET', path: `${base}/{id}` } as const;
  const list = `${base}?limit=${PAGE}`;
  const both: Requests = {
    list: { method: 'GET', path: list },
    ...(api === 'uncounted' ? { read: one, checked: { ...one, headers } } : { count: one }),
    patch: { method: 'PATCH', path: one.path, headers, body: { content: 'edited {n} by the benchmark' } },
    create: { method: 'POST', path: base, headers, body: { content: 'hello {n} from the benchmark' } },
  };
  if (api === 'contract')
    return { ...both, 'sign-in': { method: 'POST', path: '/api/auth/token', body: CREDENTIALS } };
  const sorted = `${list}&sort=-created_at`;
  return {
    ...both,
    list: { method: 'GET', path: sorted },
    filtered: { method: 'GET', path: `${sorted}&filter[content][contains]=${NEEDLE}` },
    equal: { method: 'GET', path: `${sorted}&filter[views]=${RARE_VIEWS}` },
    'page-1': { method: 'GET', path: sorted },
    ...(rows > 1000 * PAGE && { 'page-1000': { method: 'GET', path: await thousandthPage(url, sorted) } }),
    'sign-in': { method: 'POST', path: '/v1/sessions', body: CREDENTIALS },
  };
}

/** Follows the opaque cursors from the first page to the thousandth, as a client has to. */
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

/** Counts the packages of `npm install trestle`: itself and all it depends on. */
function installedWithTrestle(): Installed {
  const args = ['ls', '--all', '--omit=dev', '--parseable', '--workspace', 'packages/trestle'];
  const { stdout } = spawnSync('npm', args, { cwd: ROOT, encoding: 'utf8' });
  const folders = new Set(
    stdout.split('\n').filter((folder) => folder.includes('node_modules') && existsSync(folder)),
  );
  // A package installed inside another one is counted on its own.
  const bytes = [...folders].reduce((sum, folder) => sum + sizeOf(folder, 'node_modules'), 0);
  return { packages: folders.size, megabytes: Math.round(bytes / 1e6) };
}
