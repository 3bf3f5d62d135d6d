import { randomBytes } from 'node:crypto';
import { type Command, Option } from 'commander';
import { openGeneratedSecret } from '../../accounts/administrator-secret.ts';
import { setupHash } from '../../accounts/operators/operators.ts';
import type { Engine } from '../../engine.ts';
import { engineLog, errorFields, type Log, openLog } from '../../http/logging/logging.ts';
import { ErrorLog } from '../../http/logging/logging-errors.ts';
import { checkBasePath } from '../../http/requests/proxies.ts';
import type { ServerOptions } from '../../http/server/server-options.ts';
import { ROLES, type Role } from '../../jobs/job-limits.ts';
import type { App } from '../../schema/app.ts';
import {
  type BackupOptions,
  count,
  type DataOptions,
  flag,
  type LimitOptions,
  limitsOf,
  listed,
  type MailOptions,
  milliseconds,
  port,
  refuseUnknownVariables,
  roles,
  tellWaiting,
  withBackups,
  withData,
  withLimits,
  withMail,
} from '../data-options.ts';
import { findApps } from '../find-apps.ts';
import {
  administrationOf,
  backupDefaults,
  clearLeftovers,
  namedApps,
  requireBackups,
  restore,
  scheduleBackupsOf,
} from '../serving/backups-of-serve.ts';
import type { RestoreRequest } from '../serving/served-backups.ts';
import { type StopReason, untilBroken, untilStopped } from '../serving/stop-signals.ts';
import { welcome } from '../serving/welcome.ts';
import type { Up } from '../workers/worker-messages.ts';

/** Milliseconds for closing what is left and the database, so that by default a stop takes less than 10 s in all. */
const STOP_MARGIN = 1_500;

interface ServeOptions extends DataOptions, LimitOptions, BackupOptions, MailOptions {
  port: number;
  host: string;
  metricsPort?: number;
  trustedProxies?: string[];
  origins?: string[];
  basePath?: string;
  keepAlive: number;
  shedAbove: number;
  readinessDelay: number;
  drain: number;
  log?: string;
  migrate: boolean;
  shared?: boolean;
  workers: number;
  roles: Role[];
}

/** `trestle serve [apps...]` */
export function define(command: Command): void {
  command.argument('[apps...]', 'folders of apps, or their names in apps/ (default: all of apps/)');
  withMail(withBackups(withLimits(withData(command))))
    .addOption(
      new Option('--port <number>', 'the port; 0: any free one').env('PORT').default(4000).argParser(port),
    )
    .addOption(new Option('--host <address>', 'the address to listen on').env('HOST').default('127.0.0.1'))
    .addOption(
      new Option('--metrics-port <number>', 'serve /metrics without credentials there (default: none)')
        .env('TRESTLE_METRICS_PORT')
        .argParser(port),
    )
    .addOption(
      new Option(
        '--trusted-proxies <list>',
        'addresses or networks whose X-Forwarded-... fields are believed (default: none)',
      )
        .env('TRESTLE_TRUSTED_PROXIES')
        .argParser(listed),
    )
    .addOption(
      new Option(
        '--base-path <path>',
        'the path of this server behind a proxy, such as /api (default: none)',
      ).env('TRESTLE_BASE_PATH'),
    )
    .addOption(
      new Option(
        '--origins <list>',
        'origins that browsers may call from, such as https://app.example (default: any)',
      )
        .env('TRESTLE_ORIGINS')
        .argParser(listed),
    )
    .addOption(
      new Option(
        '--keep-alive <seconds>',
        "close connections that are idle for so long: longer than a proxy's own, such as 65",
      )
        .env('TRESTLE_KEEP_ALIVE')
        .default(5000, '5')
        .argParser(milliseconds),
    )
    .addOption(
      new Option('--shed-above <seconds>', 'answer 503 while the event loop runs this late; 0: never')
        .env('TRESTLE_SHED_ABOVE')
        .default(0)
        .argParser(milliseconds),
    )
    .addOption(
      new Option('--readiness-delay <seconds>', 'serve on for this long after SIGTERM, no longer ready')
        .env('TRESTLE_READINESS_DELAY')
        .default(3000, '3')
        .argParser(milliseconds),
    )
    .addOption(
      new Option('--drain <seconds>', 'finish requests for this long when stopping')
        .env('TRESTLE_DRAIN')
        .default(5000, '5')
        .argParser(milliseconds),
    )
    .addOption(new Option('--log <file>', 'write the log there (default: standard error)').env('TRESTLE_LOG'))
    .addOption(
      new Option('--workers <number>', 'processes that serve together, each on a core of its own')
        .env('TRESTLE_WORKERS')
        .default(1)
        .argParser(count),
    )
    .addOption(
      new Option('--roles <list>', 'the part of this process: of serve, work and schedule')
        .env('TRESTLE_ROLES')
        .default(ROLES, 'all')
        .argParser(roles),
    )
    .addOption(flag('--shared', 'other processes serve the same data (default: false)', 'TRESTLE_SHARED'))
    .addOption(
      flag('--no-migrate', 'refuse to start where the database is not as declared', 'TRESTLE_NO_MIGRATE'),
    )
    .action(serve);
}

/** Serves until it is told to stop, then ends the process. */
async function serve(names: string[], options: ServeOptions, command: Command): Promise<void> {
  const variables = command.options.flatMap(({ envVar }) => envVar ?? []);
  if (options.workers === 1) return serveAlone(names, options, { command, variables });
  const { default: cluster } = await import('node:cluster');
  if (cluster.isWorker) return serveAlone(names, options, { command, variables, worker: true });
  // Lets workers serve, each of which runs this very command.
  const log = openLog(options.log === undefined ? {} : { to: options.log });
  const { runWorkers } = await import('../workers/workers.ts');
  const exitCode = await runWorkers({
    count: options.workers,
    up({ up }) {
      clearLeftovers(namedApps(up.apps, names), backupDefaults(command, options));
      scheduleBackupsOf(namedApps(up.apps, names), options, { command, log });
      showWelcome(up, options);
    },
    log: (event, facts) => log.lines.info(facts, event),
    reopenLog: options.log === undefined ? undefined : log.reopen,
    restore: (request) => restore(request, options, log),
  });
  await log.flush();
  process.exit(exitCode);
}

interface ServingProcess {
  readonly command: Command;
  readonly variables: readonly string[];
  readonly worker?: boolean;
}

/** Serves until it is told to stop: once, or once more after each backup that was restored. */
async function serveAlone(names: string[], options: ServeOptions, serving: ServingProcess): Promise<void> {
  const { command, worker = false } = serving;
  const prepared = await prepare(names, options, serving);
  const { apps, named, log, generated } = prepared;
  let asked = Promise.withResolvers<RestoreRequest>();
  const administration = administrationOf(command, options, {
    apps,
    named,
    restart: (request) => (worker ? void process.send?.({ restore: request }) : asked.resolve(request)),
  });
  const start = { ...prepared, worker, administration };
  let running = await startServing(start, options, generated?.secret);
  const stopped = untilStopped(worker);
  // What listens nowhere may have nothing else to keep it alive.
  if (!options.roles.includes('serve')) setInterval(() => {}, 60_000);
  // Without a file a SIGHUP is a terminal that was closed, and ends the process as ever.
  if (options.log !== undefined) process.on('SIGHUP', () => log.reopen());
  // Of several workers, the process that started them makes the backups.
  if (!worker) scheduleBackupsOf(named, options, { command, log });
  for (;;) {
    const { server, up, close } = running;
    if (worker) process.send?.({ up });
    else showWelcome(up, options);
    if (generated) process.off('exit', generated.forget);
    const ended = await Promise.race([stopped, untilBroken(server), asked.promise]);
    if ('exitCode' in ended) return stop(ended, close, { options, log });
    asked = Promise.withResolvers<RestoreRequest>();
    log.lines.info({ why: 'a backup is restored' }, 'stopping');
    await close(0);
    await restore(ended, options, log);
    const port = server.url === '' ? options.port : Number(new URL(server.url).port);
    running = await startServing(start, { ...options, port });
  }
}

interface Prepared {
  readonly apps: readonly App[];
  /** How the command line names each. */
  readonly named: ReadonlyMap<string, string>;
  readonly log: Log;
  /** The administrator's secret where none is chosen. */
  readonly generated: ReturnType<typeof openGeneratedSecret> | undefined;
}

/** Everything of a process that is the same however often it serves. Throws `StartError`. */
async function prepare(
  names: string[],
  options: ServeOptions,
  { command, variables, worker }: ServingProcess,
): Promise<Prepared> {
  const log = openLog(options.log === undefined ? {} : { to: options.log });
  const [apps, { makeDataFolder }] = await Promise.all([
    findApps(names),
    import('../open-engines.ts'),
    import('../../http/server/server.ts'),
  ]);
  await requireBackups(options);
  refuseUnknownVariables(
    variables,
    apps.map(({ name }) => name),
  );
  for (const { name, defaults } of apps) {
    const own = Object.entries(defaults).filter(([, value]) => value !== undefined);
    if (own.length > 0)
      log.lines.info({ app: name, settings: own.map(([key]) => key) }, 'settings of the app');
  }
  const isChosen =
    process.env.TRESTLE_ADMIN_SECRET ||
    apps.every(({ defaults }) => defaults.administratorSecret !== undefined);
  makeDataFolder(options.data);
  const generated = isChosen ? undefined : openGeneratedSecret(options.data);
  // A start that fails has shown none, and leaves none behind that nobody knows.
  if (generated) process.once('exit', generated.forget);
  const named = namedApps(apps, names);
  if (!worker) clearLeftovers(named, backupDefaults(command, options));
  return { apps, named, log, generated };
}

interface Start extends Prepared {
  readonly worker: boolean;
  readonly administration: NonNullable<ServerOptions['administration']>;
}

/**
 * Opens the apps and serves them. `close` ends that, or the process where it takes too long.
 *
 * @param secret of the administrator, where it is to be shown.
 */
async function startServing(
  { apps, log, worker, generated, administration }: Start,
  options: ServeOptions,
  secret?: string,
) {
  const { startServer } = await import('../../http/server/server.ts');
  const { closeEngines, openEngines } = await import('../open-engines.ts');
  const engines = await openEngines(apps, engineOptions(options, log, generated?.hash));
  const mounts = engines.map((engine) => ({ engine, base: engines.length > 1 ? `/${engine.app.name}` : '' }));
  const gatherMetrics = worker && (await import('../workers/worker-metrics.ts')).metricsOfAll;
  const linesOf = worker && (await import('../workers/worker-lines.ts')).linesOfWorkers;
  const listens = options.roles.includes('serve');
  const server = await startServer(mounts, {
    ...options,
    listens,
    log,
    administration,
    ...(gatherMetrics && { gatherMetrics }),
    ...(linesOf && { linesOf }),
  }).catch(async (error: unknown) => {
    await closeEngines(engines);
    throw error;
  });
  const started = mounts.map(({ engine, base }, at) => ({
    name: engine.app.name,
    base,
    docs: server.mounted[at]?.entry?.docs ?? `${base}/docs`,
  }));
  const up = {
    url: server.url,
    apps: started,
    roles: options.roles,
    secret,
    ...(listens && (await offerSetup(engines, log, worker))),
  };
  const close = async (readinessDelay: number) => {
    // Ends the process where what it waits for does not end: supervisors kill after 10 s, and say less of why.
    const late = setTimeout(
      async () => {
        log.lines.error('stopping took too long; what was not finished is taken up again at the next start');
        await log.flush();
        process.exit(1);
      },
      readinessDelay + options.drain + STOP_MARGIN,
    ).unref();
    await server.close({ readinessDelay, drain: options.drain });
    await closeEngines(engines);
    clearTimeout(late);
  };
  return { server, up, close };
}

/** Ends the process for a reason. */
async function stop(
  { why, error, exitCode, announced }: StopReason,
  close: (readinessDelay: number) => Promise<void>,
  { options, log }: { readonly options: ServeOptions; readonly log: Log },
): Promise<never> {
  if (exitCode === 0) log.lines.info({ why }, 'stopping');
  else log.lines.fatal({ why, ...(error !== undefined && { error: errorFields(error) }) }, 'stopping');
  await close(announced ? options.readinessDelay : 0);
  await log.flush();
  process.exit(exitCode);
}

/**
 * Makes the token of a link that makes the first operator of each app that has none; nothing where all have one, and in all but
 * the first of several workers.
 */
async function offerSetup(
  engines: readonly Engine[],
  log: Log,
  worker: boolean,
): Promise<{ setup?: string }> {
  if (worker && (await import('node:cluster')).default.worker?.id !== 1) return {};
  const setup = randomBytes(32).toString('base64url');
  const offered = await Promise.all(
    engines.map(async ({ app, operators }) =>
      (await operators.offerSetup(setupHash(setup))) ? app.name : [],
    ),
  );
  const apps = offered.flat();
  if (apps.length === 0) return {};
  // The link itself is no matter for a log, which is kept and copied.
  log.lines.info({ apps }, 'no operator yet; standard output has a link that makes the first one');
  return { setup };
}

function engineOptions(options: ServeOptions, log: Log, administratorHash: string | undefined) {
  const { TRESTLE_ADMIN_SECRET, TRESTLE_SIGNING_SECRET, TRESTLE_SIGNING_SECRET_PREVIOUS } = process.env;
  const errors = new ErrorLog(log.lines);
  return {
    data: options.data,
    database: options.database,
    waiting: tellWaiting,
    shared: options.shared === true || options.workers > 1 || options.roles.length < ROLES.length,
    roles: options.roles,
    ...limitsOf(options),
    migrate: { apply: options.migrate ? ('additive' as const) : ('none' as const) },
    mail: {
      smtp: options.smtp,
      from: options.mailFrom,
      publicUrl: publicUrlOf(options, `http://${options.host}:${options.port}`),
    },
    administratorSecret: TRESTLE_ADMIN_SECRET || undefined,
    administratorHash,
    signingSecret: { current: TRESTLE_SIGNING_SECRET, previous: TRESTLE_SIGNING_SECRET_PREVIOUS },
    log: (app: string) => engineLog(log, errors, app),
  };
}

/** On standard output, which is no log: a secret is there once, also where a service or a container has no terminal. */
function showWelcome(up: Up['up'], options: ServeOptions): void {
  const { data, database } = options;
  process.stdout.write(welcome({ ...up, publicUrl: publicUrlOf(options, up.url), data, database }));
}

/** Where people reach a server at this address: with the path under which a proxy serves it, where they were not told. */
function publicUrlOf({ publicUrl, basePath = '' }: ServeOptions, url: string): string {
  return publicUrl ?? url + checkBasePath(basePath);
}
