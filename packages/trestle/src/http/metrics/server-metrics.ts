import type { Server } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { createServer } from '../../node-http.ts';
import { Problem } from '../../problems.ts';
import { cannotListen } from '../server/listener.ts';
import type { ServerState, Site } from '../server/server.ts';

const TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** `/metrics` for Prometheus: behind the administrator's secret here, and open on a port of its own where one is set. */
export function metricsRoute(fastify: FastifyInstance, sites: readonly Site[], server: ServerState): void {
  const { metrics, lifecycle, load } = server;
  const one = (value: number) => [{ labels: {}, value }];
  metrics.add({
    name: 'trestle_requests_in_flight',
    help: 'Requests that are not answered yet.',
    type: 'gauge',
    values: () => one(lifecycle.inFlight),
  });
  metrics.add({
    name: 'trestle_statements_total',
    help: 'SQL statements run.',
    type: 'counter',
    values: () => sites.map((site) => ({ labels: { app: site.name }, value: site.statements() })),
  });
  metrics.add({
    name: 'trestle_ready',
    help: 'Whether the app takes requests.',
    type: 'gauge',
    values: () => sites.map((site) => ({ labels: { app: site.name }, value: site.health().ready ? 1 : 0 })),
  });
  metrics.add({
    name: 'trestle_loop_lateness_seconds',
    help: 'How late the event loop runs, over about a second.',
    type: 'gauge',
    values: () => one(load.lateness / 1000),
  });
  fastify.get(
    '/metrics',
    { config: { produces: ['text/plain'], isServerRoute: true } },
    async (request, reply) => {
      // Throws `unauthenticated` or `invalid_token` unless the Bearer header holds the administrator's secret.
      if (request.headers.authorization === undefined) throw new Problem('unauthenticated');
      const secret = /^Bearer +(\S+) *$/i.exec(request.headers.authorization)?.[1];
      if (secret === undefined || !sites.some((site) => site.isAdministrator(secret)))
        throw new Problem('invalid_token');
      return reply.type(TYPE).send(await server.metricsText());
    },
  );
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
