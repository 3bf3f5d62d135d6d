import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accountResources } from '../../src/accounts/resources.ts';
import { migrate } from '../../src/database/migrations/migrate.ts';
import type { Store } from '../../src/database/store.ts';
import { tablesOf } from '../../src/database/tables.ts';
import {
  administrator,
  anonymous,
  anyone,
  app,
  type Caller,
  integer,
  integerId,
  type LifecycleOperation,
  reference,
  resource,
  state,
  text,
} from '../../src/index.ts';
import { JOB_RESOURCES } from '../../src/jobs/job-table.ts';
import type { JobLimits } from '../../src/jobs/limits.ts';
import { type Jobs, openJobs } from '../../src/jobs/open-jobs.ts';
import type { JobHandler } from '../../src/jobs/worker.ts';
import { openServices } from '../../src/rows/open-services.ts';
import { putRows } from '../../src/rows/seed-rows.ts';

export interface LoafRow {
  id: number;
  name: string;
  rises: number;
}

export type Work = LifecycleOperation<LoafRow>['run'];

/** What a test lets the operations do; each does nothing at first. */
export interface Works {
  bake: Work;
  sell: Work;
}

const open = { read: anyone, create: anyone, update: anyone, delete: anyone };

/** Loaves that are mixed, baked and sold; crumbs count the effects that happened. */
export function bakery(works: Works) {
  const stages = resource({
    id: integerId(),
    fields: { name: text({ min: 1, max: 40, unique: true }) },
    can: { read: anyone, create: administrator, update: administrator },
    rows: [{ name: 'Mixed' }, { name: 'Baked' }, { name: 'Sold' }],
  });
  const loaves = resource({
    id: integerId(),
    fields: {
      name: text({ min: 1, max: 40 }),
      rises: integer({ default: 0 }),
      stage: state('stages', { initial: 'Mixed' }),
    },
    can: open,
    lifecycle: {
      field: 'stage',
      operations: {
        bake: { from: 'Mixed', to: 'Baked', run: (context) => works.bake(context) },
        sell: { from: 'Baked', to: 'Sold', run: (context) => works.sell(context) },
      },
    },
  });
  const crumbs = resource({
    id: integerId(),
    fields: { loaf: reference('loaves', { onDelete: 'cascade' }), operation: text({ max: 40 }) },
    can: open,
  });
  return app({ name: 'bakery', resources: { stages, loaves, crumbs } });
}

/** Leaves a crumb together with the move, so that an effect that happened twice shows. */
export const leaveCrumb: Work = async ({ row, operation }) => ({
  result: { of: row.name },
  effect: async (rows) => {
    await rows.create('crumbs', { loaf: row.id, operation });
  },
});

export const baker: Caller = anonymous;

/** Quick enough for tests; the rest is as in production. */
export const QUICK: Partial<JobLimits> = { poll: 0.05, progress: 0.01, pause: () => 0.01 };

/** A bakery over a store, with its operations open. */
export async function openBakery(store: Store, works: Partial<Works>, limits: Partial<JobLimits> = {}) {
  const nothing: Work = async () => ({});
  const declared = bakery({ bake: nothing, sell: nothing, ...works });
  await migrate(store, [
    ...tablesOf(accountResources(declared.accounts), declared.accounts),
    ...tablesOf(declared.resources, declared.accounts),
    ...tablesOf(JOB_RESOURCES, declared.accounts),
  ]);
  const opened = openServices({ ...declared, store, cursorKey: Buffer.alloc(32) });
  await putRows(opened.models, store);
  const failures: unknown[] = [];
  const start = (work = true, handlers: ReadonlyMap<string, JobHandler> = new Map()): Jobs =>
    openJobs({
      handlers,
      app: declared,
      store,
      models: opened.models,
      cursorKey: Buffer.alloc(32),
      data: mkdtempSync(join(tmpdir(), 'trestle-test-')),
      work,
      limits: { ...QUICK, ...limits },
      log: { event: () => {}, failed: (error) => failures.push(error) },
    });
  return { ...opened, failures, start };
}

export type Bakery = Awaited<ReturnType<typeof openBakery>>;

/** A loaf that is still dough. */
export async function mix(bakery: Bakery, name = 'rye'): Promise<number> {
  return (await bakery.services.loaves.create({ caller: baker }, { name })).id;
}

/** The name of the stage a loaf is in. */
export async function stageOf(bakery: Bakery, id: number): Promise<string> {
  const { stage } = await bakery.services.loaves.peek({ caller: baker }, id);
  return (await bakery.services.stages.peek({ caller: baker }, stage)).name;
}

export async function crumbsOf(bakery: Bakery, id: number): Promise<number> {
  return (await bakery.services.crumbs.list({ caller: baker }, { filter: { loaf: { eq: id } } })).items
    .length;
}
