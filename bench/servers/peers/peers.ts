import { copyFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fillSqlite, makeSqliteTable, NEEDLE, RARE_VIEWS } from '../../suites/seed.ts';
import { PAGE, type Requests } from '../../suites/workload.ts';
import type { Candidate, StartOptions } from '../candidate.ts';
import { plainRequests } from '../hand-written.ts';
import { startProcess } from '../processes.ts';
import { directus } from './directus.ts';
import { installedIn, installPeer } from './install-peer.ts';
import { payload } from './payload.ts';

interface Peer {
  readonly name: string;
  readonly title: string;
  readonly packages: readonly string[];
  /** The server's own file in `bench/servers/peers`. */
  readonly program: string;
  /** Requests that differ from those of the hand-written servers. */
  readonly requests?: Requests;
  rows?(answer: unknown): unknown;
}

const feathersList = `/messages?$limit=${PAGE}&$sort[created_at]=-1`;

/** Servers built with other libraries. Their durability is synchronous=NORMAL, which is less than FULL. */
const PEERS: readonly Peer[] = [
  {
    name: 'express-better-sqlite3',
    title: 'Express + better-sqlite3 by hand (NORMAL)',
    packages: ['express@5', 'better-sqlite3@13'],
    program: 'express-better-sqlite3.cjs',
  },
  {
    name: 'express-sequelize',
    title: 'Express + Sequelize (NORMAL)',
    packages: ['express@5', 'sequelize@6', 'sqlite3@6'],
    program: 'express-sequelize.cjs',
  },
  {
    name: 'feathers-knex',
    title: 'Feathers + Knex (NORMAL)',
    packages: [
      ...['feathers', 'koa', 'knex', 'schema', 'errors'].map((name) => `@feathersjs/${name}@5`),
      'knex@3',
      'better-sqlite3@13',
    ],
    program: 'feathers-knex.mjs',
    requests: {
      list: { method: 'GET', path: feathersList },
      filtered: { method: 'GET', path: `${feathersList}&content[$like]=%25${NEEDLE}%25` },
      equal: { method: 'GET', path: `${feathersList}&views=${RARE_VIEWS}` },
      'page-1': { method: 'GET', path: feathersList },
      'page-1000': { method: 'GET', path: `${feathersList}&$skip=${999 * PAGE}` },
      count: { method: 'GET', path: '/views/{id}' },
    },
    rows: (answer) => (typeof answer === 'object' && answer && 'data' in answer ? answer.data : answer),
  },
];

/** Operations they do not have: tokens and passwords would be a further package. */
const LEFT_OUT = ['checked', 'sign-in'] as const;

const byHand: readonly Candidate[] = PEERS.map((peer) => ({
  name: peer.name,
  title: peer.title,
  store: 'sqlite',
  ...(peer.rows && { rows: peer.rows }),
  installed: () => installedIn(installPeer(peer.name, peer.packages)),
  start: (options: StartOptions) => start(peer, options),
}));

/** Everything that `--peers` can ask for. */
export const peers: readonly Candidate[] = [...byHand, directus(), payload()];

async function start(peer: Peer, options: StartOptions) {
  const { folder, port, cores, rows } = options;
  const home = installPeer(peer.name, peer.packages);
  const program = join(home, basename(peer.program));
  copyFileSync(join(import.meta.dirname, peer.program), program);
  const file = join(folder, 'messages.db');
  makeSqliteTable(file);
  fillSqlite(file, rows);
  const command = [process.execPath, '--no-warnings', program];
  const env = { DATABASE: file };
  const started = await startProcess({
    command,
    cores,
    port,
    probe: '/messages/1',
    log: join(folder, 'log'),
    env,
  });
  const requests: Requests = { ...plainRequests(rows, 'static-token'), ...peer.requests };
  for (const operation of LEFT_OUT) delete requests[operation];
  if (rows <= 1000 * PAGE) delete requests['page-1000'];
  return { ...started, requests };
}
