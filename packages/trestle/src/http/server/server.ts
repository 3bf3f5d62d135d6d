import type { FastifyInstance } from 'fastify';
import type { Engine, EngineMeasures } from '../../engine.ts';
import type { Problem } from '../../problems.ts';
import type { Origin } from '../../schema/caller.ts';
import type { ErrorAnswer, FailedRequest } from '../../schema/routes/app-contract.ts';
import { serveAdmin } from '../docs/admin-pages.ts';
import { type IndexEntry, serveIndex } from '../docs/index-page.ts';
import { type Log, RecentLines } from '../logging/logging.ts';
import { ErrorLog } from '../logging/logging-errors.ts';
import { openSharedLines, type SharedLines } from '../logging/shared-lines.ts';
import { Metrics } from '../metrics/metrics.ts';
import { MetricsHistory } from '../metrics/metrics-history.ts';
import { metricsRoute, openMetricsPort } from '../metrics/server-metrics.ts';
import { openSharedProcesses, type SharedProcesses } from '../metrics/shared-processes.ts';
import { readBodies } from '../requests/bodies.ts';
import { matchingLines } from '../routes/admin/log-lines.ts';
import { mount } from '../routes/mount.ts';
import type { ServerView } from './administration.ts';
import { admitRequests, begin, EventLoopLoad, KnownPaths, ServerLifecycle } from './admission.ts';
import { answerError, answerErrors } from './errors.ts';
import { type Health, healthRoutes, watchHealth } from './health.ts';
import { bind, createListener } from './listener.ts';
import { ResponseStreams } from './response-streams.ts';
import { type ServerOptions, type Settings, settle } from './server-options.ts';
import { type StopOptions, stopServer } from './shutdown.ts';

/** The routes of one app, as they stand under its base. */
export interface Mounted {
  /** '' alone, `/NAME` with others. */
  readonly base: string;
  /** Answers a failed request under the base in the app's words. */
  fail(problem: Problem, request: FailedRequest): ErrorAnswer;
  /** The app on the server's first page. */
  readonly entry?: IndexEntry;
}

/** An app as the server mounts it. */
export interface Site {
  readonly name: string;
  readonly description: string;
  /** '' alone, `/NAME` with others. */
  readonly base: string;
  mount(
    fastify: FastifyInstance,
    server: { readonly streams: ResponseStreams; readonly view: ServerView },
  ): Mounted | Promise<Mounted>;
  health(): Health;
  readonly shared?: SharedProcesses | undefined;
  readonly lines?: SharedLines | undefined;
  /** SQL statements run so far. */
  statements(): number;
  measure(): Promise<EngineMeasures>;
  /** Throws `invalid_token`, and `too_many_requests` for guesses. */
  requireAdministrator(secret: string, origin: Origin): void;
}

/** State of a running server that the stages of a request share. */
export interface ServerState {
  readonly settings: Settings;
  readonly log: Log;
  readonly errors: ErrorLog;
  readonly lifecycle: ServerLifecycle;
  readonly load: EventLoopLoad;
  readonly streams: ResponseStreams;
  readonly metrics: Metrics;
  /** The answer of `/metrics`. */
  readonly metricsText: () => Promise<string>;
  readonly paths: KnownPaths;
  readonly mounted: Mounted[];
}

export interface RunningServer {
  /** `http://127.0.0.1:4000`, without a slash at the end; empty where it does not listen. */
  readonly url: string;
  readonly mounted: readonly Mounted[];
  /** Resolves with the reason when an app's store is broken for good: stop, and end the process with an error. */
  readonly broken: Promise<string>;
  /** Lets requests in flight end, then closes every connection. The apps stay open: they are their opener's. */
  close(options?: StopOptions): Promise<void>;
}

/** Serves apps over HTTP. Throws `StartError` where the address cannot be had. */
export async function openServer(sites: readonly Site[], options: ServerOptions): Promise<RunningServer> {
  const server = createState(options);
  const { log, mounted } = server;
  const fastify = createListener(server.settings, {
    unreadable: (status, code) => log.lines.info({ status, code }, 'unreadable request'),
    unroutable: (error, request, reply) => {
      begin(request, reply, server, request.routeOptions.config);
      answerError(error, request, reply, server);
    },
  });

  server.paths.watch(fastify);
  admitRequests(fastify, server);
  readBodies(fastify);
  answerErrors(fastify, server);
  healthRoutes(fastify, sites, server.lifecycle);
  metricsRoute(fastify, sites, server);
  const views = sites.map((site) => viewOf(site, server, sites));
  for (const [at, site] of sites.entries()) {
    const view = views[at] ?? viewOf(site, server, sites);
    mounted.push(await site.mount(fastify, { streams: server.streams, view }));
  }
  serveAdmin(fastify, () =>
    sites.map(({ name, description }, at) => ({ name, description, base: mounted[at]?.base ?? '' })),
  );
  if (sites.length > 1)
    serveIndex(fastify, { path: '', entries: mounted.flatMap(({ entry }) => entry ?? []) });

  const { host, port, listens } = server.settings;
  const url = listens ? await bind(fastify, host, port) : '';
  if (!listens) await fastify.ready();
  const metricsPort = await openMetricsPort(server, fastify.server).catch(async (error: unknown) => {
    await fastify.close();
    throw error;
  });
  for (const { history } of views) history.start(url);
  const answering = views.map((view) =>
    view.lines?.answer(view.history.name, (query) => matchingLines(view, query)),
  );
  const { promise: broken, resolve: breakDown } = Promise.withResolvers<string>();
  const stopWatching = watchHealth(sites, {
    changed: ({ name }, { ready, why }) =>
      ready
        ? log.lines.info({ app: name }, 'the database takes writes again')
        : log.lines.error({ app: name, why }, 'the database takes no writes'),
    fatal: ({ name }, why) => breakDown(`${name}: ${why}`),
  });
  return {
    url,
    mounted,
    broken,
    close: async (stop) => {
      stopWatching();
      server.load.stop();
      await stopServer(fastify.server, server.lifecycle, stop);
      // Until its last answer it is there, and asked for its lines.
      for (const stopAnswering of answering) stopAnswering?.();
      await Promise.all(views.map(({ history }) => history.stop()));
      metricsPort?.close();
      await fastify.close();
      await log.flush();
    },
  };
}

/** The server as the operators of one of its apps see it. */
function viewOf(
  site: Site,
  { settings, metrics, lifecycle, log }: ServerState,
  sites: readonly Site[],
): ServerView {
  const { data, administration, roles } = settings;
  const others = sites.filter((other) => other !== site);
  const isOf = ({ name, base }: Site, { app, route }: Readonly<Record<string, unknown>>) =>
    app === name || (typeof route === 'string' && base !== '' && `${route}/`.startsWith(`${base}/`));
  return {
    recent: log.recent,
    lines: site.lines ?? settings.linesOf(site.name),
    history: new MetricsHistory(site, { metrics, inFlight: () => lifecycle.inFlight, data, roles }),
    settings: administration?.settings ?? [],
    backups: administration?.backups,
    isOwn: (line) => isOf(site, line) || !others.some((other) => isOf(other, line)),
  };
}

/** The view of no server, of which only the routes are asked. */
export function viewOfNone({ app, store, measure }: Pick<Engine, 'app' | 'store' | 'measure'>): ServerView {
  const counts = { statements: () => store.statements, health: () => store.health() };
  const measured = { name: app.name, base: '', measure, ...counts };
  const none = { metrics: new Metrics(), inFlight: () => 0, data: undefined };
  const history = new MetricsHistory(measured, none);
  return {
    recent: new RecentLines(),
    lines: undefined,
    history,
    settings: [],
    backups: undefined,
    isOwn: () => true,
  };
}

function createState(options: ServerOptions): ServerState {
  const settings = settle(options);
  const metrics = new Metrics();
  const errors = new ErrorLog(settings.log.lines);
  return {
    settings,
    log: settings.log,
    errors,
    lifecycle: new ServerLifecycle(),
    load: new EventLoopLoad(settings.shedAbove),
    streams: new ResponseStreams(settings.streams, errors),
    metrics,
    metricsText: settings.gatherMetrics(() => metrics.text()),
    paths: new KnownPaths(),
    mounted: [],
  };
}

/** An app and where it stands: '' alone, `/NAME` with others. */
export interface Mount {
  readonly engine: Engine;
  readonly base: string;
}

/** Serves engines over HTTP. They stay open when the server is closed. Throws `StartError` where the address cannot be had. */
export function startServer(mounts: readonly Mount[], options: ServerOptions): Promise<RunningServer> {
  const sites = mounts.map(({ engine, base }): Site => {
    const { app, store, authenticate } = engine;
    return {
      name: app.name,
      description: app.description,
      base,
      mount: (fastify, server) => mount(fastify, engine, { base, ...server }),
      health: () => store.health(),
      shared: openSharedProcesses(store, app),
      lines: openSharedLines(store, app),
      statements: () => store.statements,
      measure: () => engine.measure(),
      requireAdministrator: (secret, origin) => void authenticate.administrator(secret, origin),
    };
  });
  return openServer(sites, options);
}
