import { existsSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { instantOf } from '../../clock.ts';
import { fileOf } from '../../database/open-store.ts';
import { sql } from '../../database/sql.ts';
import { param } from '../../database/statement.ts';
import { JOB_RESOURCES } from '../../jobs/job-table.ts';
import { compileSystemModels, SystemTable } from '../../rows/system-tables.ts';
import { OPERATION_STATES } from '../../schema/services/operation-service.ts';
import { StartError } from '../../start-error.ts';
import { type DataOptions, databaseOf, printTable, withData } from '../data-options.ts';
import { findApps } from '../find-apps.ts';
import { withStore } from './migrate.ts';

interface JobsOptions extends DataOptions {
  state?: string;
  limit: number;
  json?: boolean;
}

/** `trestle jobs [apps...]` */
export function define(command: Command): void {
  command.argument('[apps...]', 'folders of apps, or their names in apps/ (default: all of apps/)');
  withData(command)
    .addOption(new Option('--state <state>', 'only jobs in this state').choices([...OPERATION_STATES]))
    .addOption(
      new Option('--limit <number>', 'at most so many jobs of each app, the newest')
        .default(50)
        .argParser((text: string) => {
          if (/^\d{1,5}$/.test(text) && Number(text) > 0) return Number(text);
          throw new InvalidArgumentError('Expected a number from 1 to 99999.');
        }),
    )
    .option('--json', 'print JSON')
    .action(listJobs);
}

async function listJobs(names: string[], options: JobsOptions): Promise<void> {
  const { data, state, limit, json } = options;
  const listed = [];
  for (const app of await findApps(names)) {
    if (!databaseOf(app, options) && !existsSync(fileOf(data, app.name))) {
      if (names.length > 0) throw new StartError(`there is no database ${fileOf(data, app.name)}`);
      continue;
    }
    listed.push(
      await withStore(app, options, async (store) => {
        const models = compileSystemModels(JOB_RESOURCES, app.accounts, store);
        const jobs = new SystemTable<(typeof JOB_RESOURCES)['operations']>(models.operations);
        const schedules = new SystemTable<(typeof JOB_RESOURCES)['schedules']>(models.schedules);
        const where = state === undefined ? sql`` : sql`where state = ${param('state')}`;
        const newest = jobs.select(sql`${where} order by id desc limit ${sql.lit(limit)}`);
        const found = await newest(store, { ...(state !== undefined && { state }) });
        return {
          app: app.name,
          schedules: (await schedules.select(sql`order by name`)(store)).map(
            ({ name, schedule, next, fired }) => ({
              name,
              schedule,
              next: instantOf(next * 1000),
              fired: fired === null ? null : instantOf(fired * 1000),
            }),
          ),
          // The input may hold what nobody is to read here.
          jobs: found.map((job) => ({
            id: job.id,
            name: job.resource === null ? job.name : `${job.resource}:${job.name}`,
            row: job.row,
            state: job.state,
            attempts: job.attempts,
            due: job.due > 0 ? instantOf(job.due * 1000) : null,
            created_at: job.created_at,
            finished_at: job.finished_at,
            error: job.error,
          })),
        };
      }),
    );
  }
  if (json) return void process.stdout.write(`${JSON.stringify(listed, undefined, 2)}\n`);
  for (const { app, schedules, jobs } of listed) {
    process.stdout.write(`${app}: schedules ${schedules.length}, jobs ${jobs.length}\n`);
    printTable(schedules.map(({ name, schedule, next }) => ['', name, schedule, `next ${next}`]));
    printTable(
      jobs.map(({ id, name, state: now, attempts, created_at, error }) => [
        '',
        id,
        name,
        now,
        `attempt ${attempts}`,
        created_at,
        error ?? '',
      ]),
    );
  }
}
