import { existsSync, mkdirSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { type MigrateOptions, migrate } from '../../database/migrations/migrate.ts';
import { fileOf, openStore } from '../../database/open-store.ts';
import { buildSearchIndexes, searchIndexesOf } from '../../database/search/search-index.ts';
import type { Store } from '../../database/store.ts';
import { renamesOfApp, tablesOfApp } from '../../engine.ts';
import type { Format } from '../../rows/exchange/entries.ts';
import { compileModels, type Model } from '../../rows/model.ts';
import { rowWriters } from '../../rows/open-services.ts';
import { seedRows } from '../../rows/seed-rows.ts';
import { withAccounts } from '../../schema/accounts.ts';
import type { App } from '../../schema/app.ts';
import { StartError } from '../../start-error.ts';
import { type DataOptions, databaseOf, tellWaiting, withData } from '../data-options.ts';
import { findApps } from '../find-apps.ts';

/** The options of commands that work on one resource's rows. */
export interface ResourceOptions extends DataOptions {
  app?: string;
  format?: Format;
}

/** Adds `--app`, `--format` and where the rows are. */
export function withResource(command: Command): Command {
  command
    .option(
      '--app <name>',
      'the app, by its folder or its name in apps/ (default: the one that has the resource)',
    )
    .addOption(
      new Option(
        '--format <format>',
        "how rows are written (default: as the file's name ends, else ndjson)",
      ).choices(['ndjson', 'csv']),
    );
  return withData(command);
}

/** The format that was asked for, or that a file's name says. */
export function formatOf({ format }: ResourceOptions, file: string | undefined): Format {
  return format ?? (file?.toLowerCase().endsWith('.csv') ? 'csv' : 'ndjson');
}

/**
 * Opens the store that holds a resource, works on it, and closes it. `apply`: what may be done to bring it to the declaration.
 * `make`: also a new one, with the rows that are always there.
 */
export async function onResource<T>(
  name: string,
  options: ResourceOptions & Pick<MigrateOptions, 'apply'> & { make: boolean },
  work: (store: Store, model: Model, app: App) => Promise<T>,
): Promise<T> {
  const apps = await findApps(options.app === undefined ? [] : [options.app]);
  const having = apps.filter(({ resources, accounts }) =>
    Object.hasOwn(withAccounts(resources, accounts), name),
  );
  const [app, other] = having;
  if (!app) {
    const known = apps.flatMap(({ resources }) => Object.keys(resources)).join(', ');
    throw new StartError(`there is no resource '${name}'; there are ${known}`);
  }
  if (other) {
    const names = having.map((each) => each.name).join(', ');
    throw new StartError(`${names} all have a resource '${name}'; name one with --app`);
  }
  const { data, apply, make } = options;
  const database = databaseOf(app, options);
  const file = fileOf(data, app.name);
  if (!database && !make && !existsSync(file)) throw new StartError(`there is no database ${file}`);
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const store = await openStore({ name: app.name, data, database, shared: true, waiting: tellWaiting });
  try {
    await migrate(store, tablesOfApp(app), { renames: renamesOfApp(app), ...(apply && { apply }) });
    await buildSearchIndexes(store, searchIndexesOf(app.resources));
    const models = compileModels(withAccounts(app.resources, app.accounts), app.accounts, store.dialect);
    if (make) await seedRows(rowWriters(models, { store }), store);
    const model = models.get(name);
    if (!model) throw new StartError(`${app.name} has no resource '${name}'`);
    return await work(store, model, app);
  } finally {
    await store.close();
  }
}
