import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Candidate, Ground } from '../candidate.ts';
import { freePort } from '../free-port.ts';
import { installedIn, installPeer } from '../install-peer.ts';
import { NEEDLE, RARE_VIEWS } from '../messages.ts';
import { startProcess } from '../processes.ts';
import { fillSqlite, runOnSqlite } from '../seed.ts';
import { PAGE, type Requests } from '../workload.ts';
import { PERSON, placeApp, preparedOnce, readRequests, WARM_UP, within } from './product.ts';

const PACKAGES = [
  ...['@strapi/strapi@5.54.0', '@strapi/plugin-users-permissions@5.54.0', 'better-sqlite3@13'],
  ...['react@18', 'react-dom@18', 'react-router-dom@6', 'styled-components@6'],
];

/** Strapi as npm gives it, without its request log and panel: the public reads messages, an API token writes. */
export function strapi(): Candidate {
  return {
    name: 'strapi',
    title: 'Strapi 5 (NORMAL)',
    store: 'sqlite',
    warmUp: WARM_UP,
    row: within('data'),
    rows: within('data'),
    installed: () => installedIn(installPeer('strapi', PACKAGES)),
    async start(ground) {
      const home = installPeer('strapi', PACKAGES);
      const empty = await preparedOnce(home, 'prepared', (folder) => makeTables(home, folder, ground));
      const file = join(ground.folder, 'messages.db');
      copyFileSync(join(empty, 'messages.db'), file);
      fillSqlite(file, ground.rows, ({ id, created_at, updated_at, ...rest }) => ({
        id,
        document_id: String(id),
        ...rest,
        created_at: Date.parse(created_at),
        updated_at: Date.parse(updated_at),
        published_at: Date.parse(created_at),
      }));
      const token = readFileSync(join(empty, 'token'), 'utf8');
      return {
        ...(await serve(home, file, ground, '/api/messages/1')),
        requests: requestsOf(token, ground.rows),
      };
    },
  };
}

interface Place extends Pick<Ground, 'folder' | 'port' | 'cores'> {
  /** Environment of the first start. */
  readonly more?: Readonly<Record<string, string>>;
}

function serve(home: string, file: string, { folder, port, cores, more }: Place, probe: string) {
  const command = [process.execPath, 'node_modules/@strapi/strapi/bin/strapi.js', 'start'];
  const env = { DATABASE: file, STRAPI_TELEMETRY_DISABLED: 'true', ...more };
  return startProcess({ command, cores, port, probe, log: join(folder, 'log'), folder: home, env });
}

/** The first start makes the tables, a user and a token (`bench/peer-apps/strapi/src/index.js`). */
async function makeTables(home: string, folder: string, { cores }: Ground): Promise<void> {
  placeApp('strapi', home);
  mkdirSync(join(home, 'public/uploads'), { recursive: true });
  const file = join(folder, 'messages.db');
  const more = { TOKEN_FILE: join(folder, 'token'), EMAIL: PERSON.email, PASSWORD: PERSON.password };
  const place = { folder, port: await freePort(), cores, more };
  const { stop } = await serve(home, file, place, '/api/messages');
  await stop();
  runOnSqlite(file, 'create index messages_created_at on messages (created_at)');
}

function requestsOf(token: string, rows: number): Requests {
  const headers = { authorization: `Bearer ${token}` };
  const one = '/api/messages/{id}';
  const reads = {
    one,
    list: `/api/messages?pagination[pageSize]=${PAGE}&sort=createdAt:desc`,
    filtered: `&filters[content][$contains]=${NEEDLE}`,
    equal: `&filters[views][$eq]=${RARE_VIEWS}`,
    thousandth: '&pagination[page]=1000',
  };
  const content = (text: string) => ({ headers, body: { data: { content: text } } });
  return {
    ...readRequests(reads, headers, rows),
    patch: { method: 'PUT', path: one, ...content('edited {n} by the benchmark') },
    create: { method: 'POST', path: '/api/messages', ...content('hello {n} from the benchmark') },
    'sign-in': {
      method: 'POST',
      path: '/api/auth/local',
      body: { identifier: PERSON.email, password: PERSON.password },
    },
  };
}
