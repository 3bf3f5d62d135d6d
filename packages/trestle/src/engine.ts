import { statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Authenticator } from './accounts/authenticator.ts';
import { type AccountModels, openAccounts } from './accounts/open-accounts.ts';
import type { Audit } from './accounts/operators/audit.ts';
import type { OperatorService } from './accounts/operators/operators.ts';
import type { SavedViews } from './accounts/operators/saved-views.ts';
import type { PasswordsOptions } from './accounts/passwords/passwords.ts';
import type { PeopleService } from './accounts/people/people.ts';
import { accountResources, linkResources } from './accounts/resources.ts';
import { deriveKeys, openSigningSecret, type SigningSecret } from './accounts/sessions/signing-secret.ts';
import type { Tickets } from './accounts/tokens/tickets.ts';
import { type MigrateOptions, migrate } from './database/migrations/migrate.ts';
import { type Renames, renamesOf } from './database/migrations/renames.ts';
import { type RepresentationTag, representationTags } from './database/migrations/representation.ts';
import { lastBackupOf, openStore, type StoreOptions } from './database/open-store.ts';
import { buildSearchIndexes, searchIndexesOf } from './database/search/search-index.ts';
import type { Store, StoreMeasures } from './database/store.ts';
import type { Table } from './database/table.ts';
import { tablesOf } from './database/tables.ts';
import type { JobAdministration } from './jobs/job-administration.ts';
import { type JobLimits, ROLES, type Role } from './jobs/job-limits.ts';
import { JOB_RESOURCES } from './jobs/job-table.ts';
import { openJobs } from './jobs/open-jobs.ts';
import { startProcess } from './jobs/start-process.ts';
import type { Webhooks } from './jobs/webhooks/webhooks.ts';
import type { MailSettings } from './mail/transport.ts';
import { historyResources } from './rows/history/row-history.ts';
import { IDEMPOTENCY_RESOURCES, IdempotencyKeys } from './rows/idempotency/idempotency-keys.ts';
import { changeResources, openChangeLog } from './rows/live/change-log.ts';
import type { LiveLists } from './rows/live/live-lists.ts';
import type { Model } from './rows/model.ts';
import { openServices } from './rows/open-services.ts';
import { fillDerived, seedRows } from './rows/seed-rows.ts';
import { transactionRunner } from './rows/transaction.ts';
import type { AnyService, RowWriter } from './rows/write.ts';
import { credentialsSchema, withAccounts } from './schema/accounts.ts';
import type { App } from './schema/app.ts';
import type { Origin } from './schema/caller.ts';
import type { JobServices, Jobs } from './schema/jobs.ts';
import type { Fields } from './schema/resource.ts';
import type { ContractContext } from './schema/routes/app-contract.ts';
import type { Resources } from './schema/row-types.ts';
import { nobody, type Rules } from './schema/rules.ts';
import type { AccountService, KeyService } from './schema/services/account-service.ts';
import type { OperationService } from './schema/services/operation-service.ts';
import type { Services } from './schema/services/row-service.ts';

const FIRST_PURGE_MS = 60_000;
const PURGE_INTERVAL_MS = 3_600_000;

export interface EngineOptions {
  /** The folder of databases, secrets and artifacts. */
  data: string;
  /** A `postgres://` URL (default: none, SQLite in the data folder). */
  database?: string | undefined;
  /** Whether other processes serve the same app on the same data (default: false). */
  shared?: boolean;
  /** How the store is opened, where it is not as `openStore` does by default. */
  store?: Pick<StoreOptions, 'serves' | 'limits'>;
  /** Roles of this process: `work` runs jobs, `schedule` fires schedules (default: all). The opener serves. */
  roles?: readonly Role[];
  /** Limits and times of jobs and operations (default: `DEFAULT_LIMITS`). */
  jobs?: Partial<JobLimits>;
  /** The migrations that are allowed at start (default: additive steps). */
  migrate?: Pick<MigrateOptions, 'apply' | 'back'>;
  /** How mail is sent (default: into files of the data folder). */
  mail?: MailSettings | undefined;
  /** `TRESTLE_ADMIN_SECRET` (default: the app's own, else nobody is the administrator). */
  administratorSecret?: string | undefined;
  /** SHA-256 of the administrator's secret where neither an option nor the app names one (default: none). */
  administratorHash?: string | undefined;
  /** `TRESTLE_SIGNING_SECRET` and its predecessor (default: the data folder's own). */
  signingSecret?: { current?: string | undefined; previous?: string | undefined };
  /** Cost and queue of password hashes (default: those of `Passwords`). */
  passwords?: PasswordsOptions | undefined;
  /** Called once where PostgreSQL has to be waited for, with a sentence for the terminal. */
  waiting?: (words: string) => void;
  /** Makes the log of an app, by its name (default: none). */
  log?: (app: string) => EngineLog;
}

/** Told of what happens behind requests: a connection lost, a sign-in refused. Never holds a secret. */
export interface EngineLog {
  /** How often each event was logged, by its name. */
  readonly events: ReadonlyMap<string, number>;
  event(event: { event: string; [fact: string]: unknown }, origin?: Pick<Origin, 'requestId'>): void;
  failed(error: unknown, facts?: Readonly<Record<string, unknown>>): void;
}

/** Measures of an app. */
export interface EngineMeasures {
  readonly store: StoreMeasures;
  readonly jobs: { readonly queued: number; readonly running: number; readonly oldest: number };
  /** How often each event was logged: of accounts, sessions, keys and jobs. */
  readonly events: ReadonlyMap<string, number>;
  /** Seconds since the last backup; undefined where there was none. */
  readonly backupAge: number | undefined;
  readonly disk: { readonly free: number; readonly size: number };
}

/** A declared app, running over its store: everything a channel needs. */
export interface Engine<Rs extends Resources = Resources, Js extends Jobs = Jobs, F extends Fields = Fields> {
  readonly app: App<Rs, Js, F>;
  readonly store: Store;
  readonly services: Services<Rs>;
  readonly byName: ReadonlyMap<string, AnyService>;
  readonly models: ReadonlyMap<string, Model>;
  /** Write rows without asking the rules: for the engine's own code. */
  readonly writers: ReadonlyMap<string, RowWriter>;
  readonly accounts: AccountService;
  readonly keys: KeyService;
  readonly tickets: Tickets;
  /** Sign-in of operators, and how the first of them is made. */
  readonly operators: OperatorService;
  /** Links in mails; undefined where accounts have no e-mail addresses. */
  readonly people: PeopleService | undefined;
  /** Acts of operators. */
  readonly audit: Audit;
  /** Views of lists that operators keep. */
  readonly savedViews: SavedViews;
  readonly operations: OperationService;
  readonly authenticate: Authenticator;
  /** Tags the representation of a table's rows, for ETags. */
  readonly representationTag: RepresentationTag;
  /** Lists that are kept up to date; undefined where no resource is live. */
  readonly live: LiveLists | undefined;
  /** Tells registered addresses of changes; undefined where the app declares none. */
  readonly webhooks: Webhooks | undefined;
  /** Answers that are kept by Idempotency-Key. */
  readonly idempotency: IdempotencyKeys;
  /** The tables of accounts, sessions and keys as callers see them. */
  readonly accountModels: AccountModels;
  /** All jobs, for operators. */
  readonly jobs: JobAdministration;
  /** The table of moves as callers see it. */
  readonly moveModel: Model;
  /** The context of the app's contract. */
  readonly context: ContractContext<Rs, Js, F>;
  /** For metrics. */
  measure(): Promise<EngineMeasures>;
  /** Lets what is under way end, writes what waits to be written, and closes the store. */
  close(): Promise<void>;
}

/** Opens an app, and runs its code of a start, unless this process has no role. */
export async function openEngine<Rs extends Resources, Js extends Jobs, F extends Fields>(
  app: App<Rs, Js, F>,
  options: EngineOptions,
): Promise<Engine<Rs, Js, F>> {
  const log = options.log?.(app.name) ?? { events: new Map(), event() {}, failed() {} };
  const engine = await assemble(app, options, log);
  if (options.roles?.length === 0) return engine;
  try {
    // Every app stands where some app is asked for: it is given its own context.
    const stop = await startProcess(app as unknown as App, { ...engine, log });
    return { ...engine, close: () => stop().then(engine.close) };
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/**
 * Opens the store of an app, brought to the declared tables, then its services, accounts and operations over it. What only some apps
 * declare is imported for those.
 */
async function assemble<Rs extends Resources, Js extends Jobs, F extends Fields>(
  app: App<Rs, Js, F>,
  options: EngineOptions,
  log: EngineLog,
): Promise<Engine<Rs, Js, F>> {
  const { data, database = app.defaults.database, shared = false, roles = ROLES } = options;
  const secret = openSigningSecret(data, options.signingSecret);
  const { waiting, store: limits } = options;
  const { name } = app;
  const store = await openStore({ name, data, database, shared, waiting, ...limits, failed: log.failed });
  try {
    await migrate(store, tablesOfApp(app), { renames: renamesOfApp(app), ...options.migrate });
    const representationTag = await representationTags(store);
    const { cursorKey, changes, webhooks, opened } = await openRows(app, store, { secret, log });
    const [{ key }] = deriveKeys(secret, app.name, 'idempotency');
    const kept = { accounts: app.accounts, models: opened.models, secret: key };
    const idempotency = new IdempotencyKeys(store, kept);
    const { administratorHash, passwords } = options;
    const administratorSecret = options.administratorSecret ?? app.defaults.administratorSecret;
    const credentials = { secret, administratorSecret, administratorHash, passwords };
    const logs = { log: log.event, failed: log.failed };
    const rows = opened.accountRows;
    const transport = await openMail(app, options, log);
    const reach = { app, store, rows, transport };
    const { purge, close, ...identity } = await openAccounts({ ...reach, ...credentials, ...logs });
    const { accounts, keys, authenticate, people } = identity;
    const jobs = openJobs({
      app,
      store,
      transport,
      ...opened,
      accounts,
      cursorKey,
      data: join(data, app.name),
      work: roles.includes('work'),
      schedule: roles.includes('schedule'),
      limits: options.jobs ?? {},
      handlers: new Map([...(webhooks?.handlers ?? []), ...(people?.handlers ?? [])]),
      requireActive: authenticate.requireActive,
      log,
    });
    webhooks?.open({ ...opened, store, queue: jobs.queue });
    people?.open(jobs.enqueue, jobs.mail);
    const { requireActive } = authenticate;
    const { resources } = app;
    const live =
      changes &&
      new (await import('./rows/live/live-lists.ts')).LiveLists({
        ...opened,
        store,
        resources,
        changes,
        requireActive,
        failed: log.failed,
      });
    const stopPurging = purgeRegularly(async () => {
      await purge();
      for (const each of [idempotency, changes, webhooks])
        if (each) await store.write((transaction) => each.purge(transaction));
    });
    // They were compiled from the declaration that the types are projections of.
    const enqueue = Object.fromEntries(jobs.services) as JobServices<Js>;
    const { operations, mail } = jobs;
    return {
      app,
      store,
      ...opened,
      ...identity,
      operations,
      representationTag,
      jobs: jobs.administration,
      moveModel: jobs.moveModel,
      idempotency,
      live,
      webhooks,
      context: contextOf(app, store, opened, { accounts, keys, operations, jobs: enqueue, mail }),
      measure: async () => ({
        store: await store.measure(),
        jobs: await jobs.queue.measure(),
        events: log.events,
        ...measureFiles(data, app.name),
      }),
      async close() {
        stopPurging();
        live?.close();
        await jobs.close();
        await close();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Opens the services of an app's rows over their tables, with what is told of changes, and completes the rows. */
async function openRows<Rs extends Resources, Js extends Jobs, F extends Fields>(
  app: App<Rs, Js, F>,
  store: Store,
  { secret, log }: { readonly secret: SigningSecret; readonly log: EngineLog },
) {
  await buildSearchIndexes(store, searchIndexesOf(app.resources), (progress) =>
    log.event({ event: 'search_index_building', ...progress }),
  );
  const [{ key: cursorKey }] = deriveKeys(secret, app.name, 'cursors');
  const changes = openChangeLog(app, store);
  const webhooks =
    app.webhooks &&
    new (await import('./jobs/webhooks/webhooks.ts')).Webhooks(
      app.webhooks,
      deriveKeys(secret, app.name, 'webhooks'),
    );
  const recorders = [changes, webhooks].filter((each) => each !== undefined);
  const opened = openServices({ ...app, store, cursorKey, recorders });
  await fillDerived(opened.writers, store);
  await seedRows(opened.writers, store);
  return { cursorKey, changes, webhooks, opened };
}

/** Opens the transport of an app's mail; undefined where it declares none. */
async function openMail(app: Pick<App, 'name' | 'mail'>, { mail, data }: EngineOptions, log: EngineLog) {
  if (!app.mail) return undefined;
  const { openTransport } = await import('./mail/transport.ts');
  return openTransport(app.mail, mail, { folder: join(data, app.name, 'mails'), log: log.event });
}

/** Purges expired rows soon after the start and hourly; after a failure the next time will do. Answers what stops it. */
function purgeRegularly(purge: () => Promise<void>): () => void {
  const quietly = () => void purge().catch(() => {});
  const timers = [
    setTimeout(quietly, FIRST_PURGE_MS).unref(),
    setInterval(quietly, PURGE_INTERVAL_MS).unref(),
  ];
  return () => {
    for (const timer of timers) clearTimeout(timer);
  };
}

/** The context of an app's contract. */
function contextOf<Rs extends Resources, Js extends Jobs, F extends Fields>(
  { resources, accounts }: App<Rs, Js, F>,
  store: Store,
  { models, services }: { readonly models: ReadonlyMap<string, Model>; readonly services: Services<Rs> },
  others: Pick<ContractContext<Rs, Js>, 'accounts' | 'keys' | 'operations' | 'jobs' | 'mail'>,
): ContractContext<Rs, Js, F> {
  const rules = Object.entries(resources).map(([name, { can }]): [string, Required<Rules>] => [
    name,
    { ...CLOSED, ...can },
  ]);
  const schemas = [...models].map(([name, model]) => [name, model.schemas] as const);
  return {
    // Object.fromEntries forgets the names; they are the resources' own.
    rules: Object.fromEntries(rules) as ContractContext<Rs>['rules'],
    // The schemas were compiled from the declaration that their types are projections of.
    schemas: Object.fromEntries(schemas) as unknown as ContractContext<Rs>['schemas'],
    credentials: credentialsSchema(accounts),
    services,
    transaction: transactionRunner(store),
    ...others,
    // Accounts have the own fields of the declaration that this is the type of.
    accounts: others.accounts as unknown as AccountService<F>,
  };
}

function measureFiles(data: string, app: string): Pick<EngineMeasures, 'backupAge' | 'disk'> {
  const backedUp = statSync(lastBackupOf(data, app), { throwIfNoEntry: false })?.mtimeMs;
  const { bavail, blocks, bsize } = statfsSync(data);
  return {
    backupAge: backedUp === undefined ? undefined : (Date.now() - backedUp) / 1000,
    disk: { free: bavail * bsize, size: blocks * bsize },
  };
}

/** Every table an app has: the engine's own and one for each resource. */
export function tablesOfApp(app: Pick<App, 'resources' | 'accounts'>): Table[] {
  const { accounts: own, ...system } = accountResources(app.accounts);
  const accounts = {
    ...own,
    fields: { ...own.fields, ...app.accounts.fields },
    can: app.accounts.resource.can,
  };
  const tables = tablesOf({ accounts, ...app.resources }, app.accounts);
  return [
    ...tables.slice(0, 1),
    ...tablesOf({ ...system, ...linkResources(app.accounts) }, app.accounts),
    ...tablesOf(JOB_RESOURCES, app.accounts),
    ...tablesOf(IDEMPOTENCY_RESOURCES, app.accounts),
    ...tablesOf(changeResources(app.resources), app.accounts),
    ...tablesOf(historyResources(app.resources), app.accounts),
    ...tables.slice(1),
  ];
}

/** The previous names of an app's tables and columns. */
export function renamesOfApp({ resources, accounts }: Pick<App, 'resources' | 'accounts'>): Renames {
  return new Map([...renamesOf(JOB_RESOURCES), ...renamesOf(withAccounts(resources, accounts))]);
}

const CLOSED = { read: nobody, create: nobody, update: nobody, delete: nobody } as const;
