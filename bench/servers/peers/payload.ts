import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { fillSqlite, NEEDLE, RARE_VIEWS, runOnSqlite } from '../../suites/seed.ts';
import { PAGE, type Requests } from '../../suites/workload.ts';
import type { Candidate, StartOptions } from '../candidate.ts';
import { startProcess } from '../processes.ts';
import { installedIn, installPeer } from './install-peer.ts';
import { CREDENTIALS, placeApp, post, preparedOnce, readRequests, WARM_UP, within } from './product.ts';

const PACKAGES = [
  ...['payload', '@payloadcms/db-sqlite', '@payloadcms/next'].map((name) => `${name}@3.90.2`),
  ...['next@16', 'react@19', 'react-dom@19', 'graphql@16', 'sharp'],
];
const NEXT = 'node_modules/next/dist/bin/next';
const ROW = within('doc');

/** Payload on Next, built for production: anyone may read messages, signed-in users write. */
export function payload(): Candidate {
  return {
    name: 'payload',
    title: 'Payload 3 on Next 16 (NORMAL)',
    store: 'sqlite',
    warmUp: WARM_UP,
    row: ROW,
    rows: within('docs'),
    installed: () => installedIn(installPeer('payload', PACKAGES)),
    async start(options) {
      const home = installPeer('payload', PACKAGES);
      const empty = await preparedOnce(home, 'prepared', async (folder) => build(home, folder));
      const file = join(options.folder, 'messages.db');
      copyFileSync(join(empty, 'messages.db'), file);
      fillSqlite(file, options.rows);
      const started = await serve(home, file, options);
      const { token } = await post(`${started.url}/api/users/login`, CREDENTIALS);
      return { ...started, requests: requestsOf(String(token), options.rows) };
    },
  };
}

function serve(home: string, file: string, { folder, port, cores }: StartOptions) {
  const command = [process.execPath, NEXT, 'start', '-H', '127.0.0.1', '-p', String(port)];
  const env = { DATABASE: file, NEXT_TELEMETRY_DISABLED: '1' };
  return startProcess({
    command,
    cores,
    port,
    probe: '/api/messages/1?depth=0',
    log: join(folder, 'log'),
    folder: home,
    env,
  });
}

/** Creates the tables, which Payload does by itself in development only, then builds for production. */
function build(home: string, folder: string): void {
  placeApp('payload', home);
  const file = join(folder, 'messages.db');
  const env = {
    DATABASE: file,
    NEXT_TELEMETRY_DISABLED: '1',
    EMAIL: CREDENTIALS.email,
    PASSWORD: CREDENTIALS.password,
  };
  const run = (args: readonly string[], more: Readonly<Record<string, string>>) => {
    const options = { cwd: home, env: { ...process.env, ...env, ...more }, encoding: 'utf8' } as const;
    const { status, stdout, stderr } = spawnSync(process.execPath, args, options);
    if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
  };
  run(['--no-warnings', 'setup.mjs'], { NODE_ENV: 'development', PAYLOAD_FORCE_DRIZZLE_PUSH: 'true' });
  runOnSqlite(file, 'pragma wal_checkpoint(truncate)');
  run([NEXT, 'build'], { NODE_ENV: 'production' });
}

function requestsOf(token: string, rows: number): Requests {
  const headers = { authorization: `JWT ${token}` };
  const one = '/api/messages/{id}?depth=0';
  const reads = {
    one,
    list: `/api/messages?depth=0&limit=${PAGE}&sort=-createdAt`,
    filtered: `&where[content][contains]=${NEEDLE}`,
    equal: `&where[views][equals]=${RARE_VIEWS}`,
    thousandth: '&page=1000',
  };
  return {
    ...readRequests(reads, headers, rows),
    patch: { method: 'PATCH', path: one, headers, body: { content: 'edited {n} by the benchmark' } },
    create: {
      method: 'POST',
      path: '/api/messages?depth=0',
      headers,
      body: { content: 'hello {n} from the benchmark' },
    },
    'sign-in': { method: 'POST', path: '/api/users/login', body: CREDENTIALS },
  };
}
