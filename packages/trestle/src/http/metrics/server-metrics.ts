import type { Server } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { EngineMeasures } from '../../engine.ts';
import { createServer } from '../../node-http.ts';
import { Problem } from '../../problems.ts';
import { cannotListen } from '../server/listener.ts';
import type { ServerState, Site } from '../server/server.ts';
import type { Family, Sample } from './metrics.ts';

const TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** A family that each app has samples of. */
interface AppFamily extends Omit<Family, 'samples'> {
  samples(app: string, measures: EngineMeasures): readonly Sample[];
}

const one = (app: string, value: number | undefined, labels: Sample['labels'] = {}): Sample[] =>
  value === undefined ? [] : [{ labels: { app, ...labels }, value }];

/** The measures of apps; those of connections also under the names of OpenTelemetry's conventions. */
const APP_FAMILIES: readonly AppFamily[] = [
  {
    name: 'trestle_database_bytes',
    help: "Size of the app's rows and indexes.",
    type: 'gauge',
    samples: (app, { store }) => one(app, store.databaseBytes),
  },
  {
    name: 'trestle_wal_bytes',
    help: 'Size of the write-ahead log (SQLite).',
    type: 'gauge',
    samples: (app, { store }) => one(app, store.walBytes),
  },
  {
    name: 'trestle_disk_free_bytes',
    help: 'Free space where the data folder is.',
    type: 'gauge',
    samples: (app, { disk }) => one(app, disk.free),
  },
  {
    name: 'trestle_disk_size_bytes',
    help: 'Size of the file system where the data folder is.',
    type: 'gauge',
    samples: (app, { disk }) => one(app, disk.size),
  },
  {
    name: 'trestle_commits_total',
    help: 'Commits (SQLite).',
    type: 'counter',
    samples: (app, { store }) => one(app, store.commits?.total),
  },
  {
    name: 'trestle_committed_writes_total',
    help: 'Writes in those commits: their ratio is the size of a group.',
    type: 'counter',
    samples: (app, { store }) => one(app, store.commits?.writes),
  },
  {
    name: 'trestle_waiting_writes',
    help: 'Writes that wait for a commit (SQLite).',
    type: 'gauge',
    samples: (app, { store }) => one(app, store.commits?.waiting),
  },
  {
    name: 'trestle_pool_connections',
    help: 'Connections of the pool (PostgreSQL), by state.',
    type: 'gauge',
    samples: (app, { store: { connections } }) => [
      ...one(app, connections && connections.open - connections.idle, { state: 'used' }),
      ...one(app, connections?.idle, { state: 'idle' }),
    ],
  },
  {
    name: 'trestle_pool_waiting',
    help: 'Requests that wait for a connection (PostgreSQL).',
    type: 'gauge',
    samples: (app, { store }) => one(app, store.connections?.waiting),
  },
  {
    name: 'db_client_connection_count',
    help: 'Connections of the pool, by state.',
    type: 'gauge',
    samples: (app, { store: { connections } }) =>
      connections === undefined
        ? []
        : (['used', 'idle'] as const).map((state) => ({
            labels: { db_client_connection_pool_name: app, db_client_connection_state: state },
            value: state === 'idle' ? connections.idle : connections.open - connections.idle,
          })),
  },
  {
    name: 'db_client_connection_pending_requests',
    help: 'Requests that wait for a connection.',
    type: 'gauge',
    samples: (app, { store: { connections } }) =>
      connections === undefined
        ? []
        : [{ labels: { db_client_connection_pool_name: app }, value: connections.waiting }],
  },
  {
    name: 'trestle_jobs',
    help: 'Jobs that have not ended, by state.',
    type: 'gauge',
    samples: (app, { jobs }) => [
      ...one(app, jobs.queued, { state: 'queued' }),
      ...one(app, jobs.running, { state: 'running' }),
    ],
  },
  {
    name: 'trestle_job_oldest_seconds',
    help: 'How long the oldest job that is due has waited.',
    type: 'gauge',
    samples: (app, { jobs }) => one(app, jobs.oldest),
  },
  {
    name: 'trestle_events_total',
    help: 'Events in the log, by name: sign_in_failed, sign_in_throttled, key_created and others.',
    type: 'counter',
    samples: (app, { events }) => [...events].flatMap(([event, count]) => one(app, count, { event })),
  },
  {
    name: 'trestle_sign_in_failures_total',
    help: 'Failed and throttled sign-ins.',
    type: 'counter',
    samples: (app, { events }) =>
      one(app, (events.get('sign_in_failed') ?? 0) + (events.get('sign_in_throttled') ?? 0)),
  },
  {
    name: 'trestle_backup_age_seconds',
    help: 'Time since the last `trestle backup`; missing where there was none.',
    type: 'gauge',
    samples: (app, { backupAge }) => one(app, backupAge),
  },
];

/** `/metrics` for Prometheus: behind the administrator's secret here, and open on a port of its own where one is set. */
export function metricsRoute(fastify: FastifyInstance, sites: readonly Site[], server: ServerState): void {
  const { metrics, lifecycle, load } = server;
  const ofServer = (value: number) => [{ labels: {}, value }];
  const ofSites = (value: (site: Site) => number) =>
    sites.map((site) => ({ labels: { app: site.name }, value: value(site) }));
  metrics.add(async () => [
    {
      name: 'trestle_requests_in_flight',
      help: 'Requests that are not answered yet.',
      type: 'gauge',
      samples: ofServer(lifecycle.inFlight),
    },
    {
      name: 'http_server_active_requests',
      help: 'Requests that are not answered yet.',
      type: 'gauge',
      samples: ofServer(lifecycle.inFlight),
    },
    {
      name: 'trestle_statements_total',
      help: 'SQL statements run.',
      type: 'counter',
      samples: ofSites((site) => site.statements()),
    },
    {
      name: 'trestle_ready',
      help: 'Whether the app takes requests.',
      type: 'gauge',
      samples: ofSites((site) => (site.health().ready ? 1 : 0)),
    },
    {
      name: 'trestle_loop_lateness_seconds',
      help: 'How late the event loop runs, over about a second.',
      type: 'gauge',
      samples: ofServer(load.lateness / 1000),
    },
  ]);
  metrics.add(async () => {
    // An app whose database is away has no samples; `trestle_ready` tells.
    const asked = sites
      .filter((site) => site.health().ready)
      .map(async (site) => ({ app: site.name, measures: await site.measure() }));
    const measured = (await Promise.allSettled(asked)).flatMap((each) =>
      each.status === 'fulfilled' ? [each.value] : [],
    );
    return APP_FAMILIES.map((family) => ({
      ...family,
      samples: measured.flatMap(({ app, measures }) => family.samples(app, measures)),
    }));
  });
  fastify.get(
    '/metrics',
    { config: { produces: ['text/plain'], isServerRoute: true } },
    async (request, reply) => {
      authorize(request, sites);
      return reply.type(TYPE).send(await server.metricsText());
    },
  );
}

/** Throws `unauthenticated` or `invalid_token` unless the Bearer header holds the administrator's secret of one of the apps. */
function authorize({ headers, origin }: FastifyRequest, sites: readonly Site[]): void {
  if (headers.authorization === undefined) throw new Problem('unauthenticated');
  const secret = /^Bearer +(\S+) *$/i.exec(headers.authorization)?.[1];
  let refusal: unknown = new Problem('invalid_token');
  for (const site of secret === undefined ? [] : sites) {
    try {
      site.requireAdministrator(secret ?? '', origin);
      return;
    } catch (error) {
      refusal = error;
    }
  }
  throw refusal;
}

/**
 * The listener that serves metrics without credentials, and health; for a port that only the monitoring reaches.
 * Throws `StartError` where that cannot be had.
 */
export async function openMetricsPort(server: ServerState, own: Server): Promise<Server | undefined> {
  const { metricsPort, host } = server.settings;
  if (metricsPort === undefined) return undefined;
  const listener = createServer(async (request, response) => {
    if (request.url === '/livez' || request.url === '/readyz') return own.emit('request', request, response);
    const isMetrics = request.method === 'GET' && request.url === '/metrics';
    response.writeHead(isMetrics ? 200 : 404, { 'content-type': TYPE });
    response.end(isMetrics ? await server.metricsText() : 'GET /metrics, /livez or /readyz\n');
    return true;
  });
  await new Promise<void>((resolve, reject) => {
    listener.once('error', (error) =>
      reject(cannotListen(error, { host, port: metricsPort, option: '--metrics-port' })),
    );
    listener.listen(metricsPort, host, resolve);
  });
  return listener.unref();
}
