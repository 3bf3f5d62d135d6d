import { existsSync, mkdirSync } from 'node:fs';
import type { Command } from 'commander';
import {
  type MigrateOptions,
  type MigrationStatus,
  migrate,
  migrationStatus,
} from '../../database/migrations/migrate.ts';
import { NEWER_DATABASE } from '../../database/migrations/refusals.ts';
import { fileOf, openStore, schemaOf, sqliteDialect, sqliteFiles } from '../../database/open-store.ts';
import { buildSearchIndexes, searchIndexesOf } from '../../database/search/search-index.ts';
import type { Store } from '../../database/store.ts';
import { renamesOfApp, tablesOfApp } from '../../engine.ts';
import type { App } from '../../schema/app.ts';
import { type DataOptions, databaseOf, tellWaiting, withData } from '../data-options.ts';
import { findApps } from '../find-apps.ts';
import { appliedWords, planWords, statusWords } from './migrate-words.ts';

interface ApplyOptions extends DataOptions {
  destructive?: boolean;
  back?: boolean;
}

/** `trestle migrate plan|apply|status [apps...]` */
export function define(command: Command): void {
  verb(command, 'plan', 'Show what would be changed. Changes nothing.')
    .option('--sql', 'show the SQL too')
    .action(async (names: string[], options: DataOptions & { sql?: boolean }) => {
      for (const app of await findApps(names)) {
        const status = await statusOf(app, options);
        print(planWords(placeOf(app, options), status, options.sql ?? false));
        if (status.older) process.exitCode = NEWER_DATABASE;
      }
    });
  verb(command, 'apply', 'Make the changes.')
    .option('--destructive', 'also those that lose data; an SQLite file is copied first')
    .option('--back', 'also back to a declaration that the database has left behind')
    .action(apply);
  verb(command, 'status', 'Show what databases were brought to, and when.')
    .option('--check', 'read every page of the SQLite files')
    .action(async (names: string[], options: DataOptions & { check?: boolean }) => {
      for (const app of await findApps(names)) {
        const status = await statusOf(app, options);
        const file = fileOf(options.data, app.name);
        const checked = options.check === true && !databaseOf(app, options) && existsSync(file);
        if (checked) (await sqliteFiles()).checkFileWhole(file);
        print(statusWords(placeOf(app, options), status, checked));
        if (status.older) process.exitCode = NEWER_DATABASE;
      }
    });
}

function verb(command: Command, name: string, summary: string): Command {
  const words = 'folders of apps, or their names in apps/ (default: all of apps/)';
  return withData(command.command(name).description(summary).argument('[apps...]', words));
}

async function apply(
  names: string[],
  { destructive, back = false, ...options }: ApplyOptions,
): Promise<void> {
  mkdirSync(options.data, { recursive: true, mode: 0o700 });
  // The copy of a file is made at one go: a signal is heard when it is whole, and nothing unfinished is left beside it.
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
  const wanted: MigrateOptions = { apply: destructive ? 'destructive' : 'additive', back };
  for (const app of await findApps(names)) {
    const renames = renamesOfApp(app);
    const made = await withStore(app, options, async (store) => {
      const migrated = await migrate(store, tablesOfApp(app), { ...wanted, renames });
      await buildSearchIndexes(store, searchIndexesOf(app.resources));
      return migrated;
    });
    print(appliedWords(placeOf(app, options), made));
  }
}

/** A file that is not there yet is not made for being looked at. */
export async function statusOf(app: App, options: DataOptions): Promise<MigrationStatus> {
  const [tables, renames] = [tablesOfApp(app), renamesOfApp(app)];
  if (!databaseOf(app, options) && !existsSync(fileOf(options.data, app.name)))
    return migrationStatus({ dialect: await sqliteDialect(), all: () => [] }, tables, renames);
  return withStore(app, options, (store) => migrationStatus(store, tables, renames));
}

export async function withStore<T>(
  app: App,
  options: DataOptions,
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const store = await openStore({
    name: app.name,
    data: options.data,
    database: databaseOf(app, options),
    waiting: tellWaiting,
  });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

export function placeOf(app: App, options: DataOptions): string {
  const { data } = options;
  return `${app.name} (${databaseOf(app, options) ? `PostgreSQL, schema ${schemaOf(app.name)}` : fileOf(data, app.name)})`;
}

function print(words: string): void {
  process.stdout.write(`${words}\n`);
}
