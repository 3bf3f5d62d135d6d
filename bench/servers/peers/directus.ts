import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../../packages/trestle/test/postgres-server.ts';
import { fillSqlite, NEEDLE, RARE_VIEWS } from '../../suites/seed.ts';
import { PAGE, type Requests } from '../../suites/workload.ts';
import type { Candidate, StartOptions } from '../candidate.ts';
import { type ServerProcess, startProcess } from '../processes.ts';
import { installedIn, installNode, installPeer } from './install-peer.ts';
import { CREDENTIALS, post, preparedOnce, readRequests, WARM_UP, within } from './product.ts';

/** 12.4.1 depends on a package that npm does not have. isolated-vm, which it needs, does not compile for Node 24. */
const PACKAGES = ['directus@12.4.0', 'sqlite3@6'];
const node = () => installNode('22');
const install = () => installPeer('directus', PACKAGES, node());

/** Directus as installed from npm: anyone may read messages, its administrator writes. */
export function directus(): Candidate {
  return {
    name: 'directus',
    title: 'Directus 12 (FULL)',
    store: 'sqlite',
    warmUp: WARM_UP,
    row: within('data'),
    rows: within('data'),
    installed: () => installedIn(install()),
    async start(options) {
      const empty = await preparedOnce(install(), 'prepared', (folder) => makeCollection(folder, options));
      const file = join(options.folder, 'messages.db');
      copyFileSync(join(empty, 'messages.db'), file);
      fillSqlite(file, options.rows, ({ created_at, updated_at, ...rest }) => ({
        ...rest,
        created_at: Date.parse(created_at),
        updated_at: Date.parse(updated_at),
      }));
      const started = await serve(file, options, '/items/messages/1');
      return { ...started, requests: requestsOf(await signIn(started.url), options.rows) };
    },
  };
}

function serve(
  file: string,
  { folder, port, cores }: Pick<StartOptions, 'folder' | 'port' | 'cores'>,
  probe: string,
): Promise<ServerProcess> {
  const home = install();
  const command = [node(), join(home, 'node_modules/directus/cli.js'), 'start'];
  return startProcess({
    command,
    cores,
    port,
    probe,
    log: join(folder, 'log'),
    folder: home,
    env: environment(file),
  });
}

function environment(file: string): Record<string, string> {
  return {
    DB_CLIENT: 'sqlite3',
    DB_FILENAME: file,
    SECRET: 'the-benchmark-has-no-secrets-of-32-characters',
    ADMIN_EMAIL: CREDENTIALS.email,
    ADMIN_PASSWORD: CREDENTIALS.password,
    ACCESS_TOKEN_TTL: '1d',
    LOG_LEVEL: 'warn',
    TELEMETRY: 'false',
    ACCEPT_TERMS: 'true',
  };
}

async function signIn(url: string): Promise<string> {
  const { data } = await post(`${url}/auth/login`, CREDENTIALS);
  return String(data.access_token);
}

/** Creates its own tables, then the collection by its API, as its documentation says. */
async function makeCollection(folder: string, { cores }: StartOptions): Promise<void> {
  const file = join(folder, 'messages.db');
  const env = { ...process.env, ...environment(file) };
  const args = [join(install(), 'node_modules/directus/cli.js'), 'bootstrap'];
  const { status, stderr } = spawnSync(node(), args, { cwd: install(), env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`directus bootstrap ended with ${status}:\n${stderr}`);
  const { url, stop } = await serve(file, { folder, port: await freePort(), cores }, '/server/ping');
  try {
    const headers = { authorization: `Bearer ${await signIn(url)}` };
    await post(`${url}/collections`, COLLECTION, headers);
    const policies = `${url}/policies?filter[name][_contains]=public&fields=id`;
    const { data }: { data: { id: string }[] } = JSON.parse(
      await (await fetch(policies, { headers })).text(),
    );
    const permission = {
      collection: 'messages',
      action: 'read',
      fields: ['*'],
      permissions: {},
      validation: {},
    };
    await post(`${url}/permissions`, { policy: data[0]?.id, ...permission }, headers);
  } finally {
    await stop();
  }
}

const CONTENT = { content: { _regex: '^.{1,160}$' } };
const COLLECTION = {
  collection: 'messages',
  schema: {},
  meta: {},
  fields: [
    { field: 'id', type: 'integer', schema: { is_primary_key: true, has_auto_increment: true }, meta: {} },
    {
      field: 'content',
      type: 'string',
      schema: { max_length: 160, is_nullable: false },
      meta: { required: true, validation: { _and: [CONTENT] } },
    },
    { field: 'views', type: 'integer', schema: { default_value: 0, is_nullable: false }, meta: {} },
    {
      field: 'created_at',
      type: 'timestamp',
      schema: { is_indexed: true },
      meta: { special: ['date-created'] },
    },
    { field: 'updated_at', type: 'timestamp', schema: {}, meta: { special: ['date-updated'] } },
  ],
};

function requestsOf(token: string, rows: number): Requests {
  const headers = { authorization: `Bearer ${token}` };
  const one = '/items/messages/{id}';
  const reads = {
    one,
    list: `/items/messages?limit=${PAGE}&sort=-created_at`,
    filtered: `&filter[content][_contains]=${NEEDLE}`,
    equal: `&filter[views][_eq]=${RARE_VIEWS}`,
    thousandth: '&page=1000',
  };
  return {
    ...readRequests(reads, headers, rows),
    patch: { method: 'PATCH', path: one, headers, body: { content: 'edited {n} by the benchmark' } },
    create: {
      method: 'POST',
      path: '/items/messages',
      headers,
      body: { content: 'hello {n} from the benchmark' },
    },
    'sign-in': { method: 'POST', path: '/auth/login', body: CREDENTIALS },
  };
}
