import type { FastifyInstance } from 'fastify';
import type { Problem } from '../../problems.ts';
import type { ErrorAnswer, FailedRequest } from '../../schema/contract.ts';
import { indexPage } from '../docs/index-page.ts';
import type { Log } from '../logging/logging.ts';
import { ErrorLog } from '../logging/logging-errors.ts';
import { Metrics } from '../metrics/metrics.ts';
import { metricsRoute, openMetricsPort } from '../metrics/server-metrics.ts';
import { readBodies } from '../requests/bodies.ts';
import { KnownPaths } from '../routes/not-found.ts';
import { type Health, healthRoutes, watchHealth } from './health.ts';
import { bind } from './server-address.ts';
import { admitRequests, begin } from './server-admission.ts';
import { answerError, answerErrors } from './server-errors.ts';
import { createListener } from './server-listener.ts';
import { Load } from './server-load.ts';
import { type ServerOptions, type Settings, settle } from './server-options.ts';
import { Lifecycle, type StopOptions, stopServer } from './shutdown.ts';

/** The routes of one app, as they stand under its base. */
export interface Mounted {
  /** '' alone, `/NAME` with others. */
  readonly base: string;
  /** Answers a failed request under the base in the app's words. */
  fail(problem: Problem, request: FailedRequest): ErrorAnswer;
  /** Where its documentation stands. */
  readonly pages?: { readonly swagger: string };
}

/** What a server needs of an app. */
export interface Site {
  readonly name: string;
  readonly description: string;
  mount(fastify: FastifyInstance): Mounted | Promise<Mounted>;
  health(): Health;
  /** SQL statements run so far. */
  statements(): number;
  isAdministrator(secret: string): boolean;
}

/** What the parts of a running server share. */
export interface Parts {
  readonly settings: Settings;
  readonly log: Log;
  readonly errors: ErrorLog;
  readonly lifecycle: Lifecycle;
  readonly load: Load;
  readonly metrics: Metrics;
  /** What `/metrics` answers. */
  readonly metricsText: () => Promise<string>;
  readonly paths: KnownPaths;
  readonly mounted: Mounted[];
}

export interface RunningServer {
  /** `http://127.0.0.1:4000`, without a slash at the end. */
  readonly url: string;
  readonly mounted: readonly Mounted[];
  /** Resolves with the reason when an app's store is broken for good: stop, and end the process with an error. */
  readonly broken: Promise<string>;
  /** Lets requests in flight end, then closes every connection. The apps stay open: they are their opener's. */
  close(options?: StopOptions): Promise<void>;
}

/** Serves apps over HTTP. Throws `StartError` where the address cannot be had. */
export async function openServer(sites: readonly Site[], options: ServerOptions): Promise<RunningServer> {
  const parts = createParts(options);
  const fastify = createListener(parts.settings, {
    unreadable: (status, code) => parts.log.lines.info({ status, code }, 'unreadable request'),
    unroutable: (error, request, reply) => {
      begin(request, reply, parts);
      answerError(error, request, reply, parts);
    },
  });

  parts.paths.watch(fastify);
  admitRequests(fastify, parts);
  readBodies(fastify);
  answerErrors(fastify, parts);
  healthRoutes(fastify, sites, parts.lifecycle);
  metricsRoute(fastify, sites, parts);
  for (const site of sites) parts.mounted.push(await site.mount(fastify));
  if (sites.length > 1) indexPage(fastify, indexEntries(sites, parts.mounted));

  return listen(fastify, sites, parts);
}

function createParts(options: ServerOptions): Parts {
  const settings = settle(options);
  const metrics = new Metrics();
  return {
    settings,
    log: settings.log,
    errors: new ErrorLog(settings.log.lines),
    lifecycle: new Lifecycle(),
    load: new Load(settings.shedAbove),
    metrics,
    metricsText: settings.gatherMetrics(() => metrics.text()),
    paths: new KnownPaths(),
    mounted: [],
  };
}

async function listen(
  fastify: FastifyInstance,
  sites: readonly Site[],
  parts: Parts,
): Promise<RunningServer> {
  const { host, port } = parts.settings;
  const url = await bind(fastify, host, port);
  const metricsPort = await openMetricsPort(parts).catch(async (error: unknown) => {
    await fastify.close();
    throw error;
  });
  const { promise: broken, resolve: breakDown } = Promise.withResolvers<string>();
  const stopWatching = watchHealth(sites, (check, why) => breakDown(`${check.name}: ${why}`));
  return {
    url,
    mounted: parts.mounted,
    broken,
    close: async (stop) => {
      stopWatching();
      parts.load.stop();
      await stopServer(fastify.server, parts.lifecycle, stop);
      metricsPort?.close();
      await fastify.close();
      await parts.log.flush();
    },
  };
}

function indexEntries(sites: readonly Site[], mounted: readonly Mounted[]) {
  return sites.map(({ name, description }, at) => {
    const base = mounted[at]?.base ?? '';
    return {
      name,
      description,
      path: base,
      docs: mounted[at]?.pages?.swagger ?? `${base}/docs`,
      openapi: `${base}/openapi.json`,
    };
  });
}
