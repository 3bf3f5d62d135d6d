import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accountResources } from '../../src/accounts/resources.ts';
import { anonymous, type Caller } from '../../src/contract.ts';
import { migrate } from '../../src/database/migrations/migrate.ts';
import type { Store } from '../../src/database/store.ts';
import { tablesOf } from '../../src/database/tables.ts';
import {
  administrator,
  anyone,
  app,
  integer,
  integerId,
  type LifecycleOperation,
  reference,
  resource,
  state,
  text,
} from '../../src/index.ts';
import type { JobLimits } from '../../src/jobs/job-limits.ts';
import { JOB_RESOURCES } from '../../src/jobs/job-table.ts';
import { type Jobs, openJobs } from '../../src/jobs/open-jobs.ts';
import type { JobHandler } from '../../src/jobs/worker.ts';
import { openServices } from '../../src/rows/open-services.ts';
import { seedRows } from '../../src/rows/seed-rows.ts';

export interface ArticleRow {
  id: number;
  name: string;
  revisions: number;
}

export type Run = LifecycleOperation<ArticleRow>['run'];

/** Code of the operations, given by each test (default: nothing). */
export interface Runs {
  approve: Run;
  publish: Run;
}

const open = { read: anyone, create: anyone, update: anyone, delete: anyone };

/** Articles that are drafted, approved and published; each row of `effects` is one effect that was applied. */
export function lifecycleApp(runs: Runs) {
  const statuses = resource({
    id: integerId(),
    fields: { name: text({ min: 1, max: 40, unique: true }) },
    can: { read: anyone, create: administrator, update: administrator },
    rows: [{ name: 'Draft' }, { name: 'Approved' }, { name: 'Published' }],
  });
  const articles = resource({
    id: integerId(),
    fields: {
      name: text({ min: 1, max: 40 }),
      revisions: integer({ default: 0 }),
      status: state('statuses', { initial: 'Draft' }),
    },
    can: open,
    lifecycle: {
      field: 'status',
      operations: {
        approve: { from: 'Draft', to: 'Approved', run: (context) => runs.approve(context) },
        publish: { from: 'Approved', to: 'Published', run: (context) => runs.publish(context) },
      },
    },
  });
  const effects = resource({
    id: integerId(),
    fields: { article: reference('articles', { onDelete: 'cascade' }), operation: text({ max: 40 }) },
    can: open,
  });
  return app({ name: 'articles', resources: { statuses, articles, effects } });
}

/** Inserts a row into `effects` together with the transition, so that an effect that happened twice shows. */
export const recordEffect: Run = async ({ row, operation }) => ({
  result: { of: row.name },
  effect: async (rows) => {
    await rows.create('effects', { article: row.id, operation });
  },
});

export const caller: Caller = anonymous;

/** Quick enough for tests; the rest is as in production. */
export const QUICK: Partial<JobLimits> = { poll: 0.05, progress: 0.01, pause: () => 0.01 };

/** Opens the app over a store. `start` opens its operations, with or without a worker. */
export async function openLifecycleApp(store: Store, runs: Partial<Runs>, limits: Partial<JobLimits> = {}) {
  const nothing: Run = async () => ({});
  const declared = lifecycleApp({ approve: nothing, publish: nothing, ...runs });
  await migrate(store, [
    ...tablesOf(accountResources(declared.accounts), declared.accounts),
    ...tablesOf(declared.resources, declared.accounts),
    ...tablesOf(JOB_RESOURCES, declared.accounts),
  ]);
  const opened = openServices({ ...declared, store, cursorKey: Buffer.alloc(32) });
  await seedRows(opened.writers, store);
  const failures: unknown[] = [];
  const start = (work = true, handlers: ReadonlyMap<string, JobHandler> = new Map()): Jobs =>
    openJobs({
      handlers,
      app: declared,
      store,
      writers: opened.writers,
      byName: opened.byName,
      cursorKey: Buffer.alloc(32),
      data: mkdtempSync(join(tmpdir(), 'trestle-test-')),
      work,
      limits: { ...QUICK, ...limits },
      log: { event: () => {}, failed: (error) => failures.push(error) },
    });
  return { ...opened, failures, start };
}

export type LifecycleApp = Awaited<ReturnType<typeof openLifecycleApp>>;

/** Creates a draft and returns its id. */
export async function createArticle(opened: LifecycleApp, name = 'first'): Promise<number> {
  return (await opened.services.articles.create({ caller }, { name })).id;
}

/** Name of the status of an article. */
export async function statusOf(opened: LifecycleApp, id: number): Promise<string> {
  const { status } = await opened.services.articles.peek({ caller }, id);
  return (await opened.services.statuses.peek({ caller }, status)).name;
}

export async function effectsOf(opened: LifecycleApp, id: number): Promise<number> {
  return (await opened.services.effects.list({ caller }, { filter: { article: { eq: id } } })).items.length;
}
