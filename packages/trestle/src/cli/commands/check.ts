import type { Command } from 'commander';
import { migrationStatus } from '../../database/migrations/migrate.ts';
import { databaseWords, fileOf, mayExist, openStore, sqliteFiles } from '../../database/open-store.ts';
import { renamesOfApp, tablesOfApp } from '../../engine.ts';
import type { App } from '../../schema/app.ts';
import { StartError } from '../../start-error.ts';
import { checkRows } from '../check-rows.ts';
import { type DataOptions, databaseOf, tellWaiting, withData } from '../data-options.ts';
import { findApps } from '../find-apps.ts';

interface CheckOptions extends DataOptions {
  deep?: boolean;
}

/** `trestle check [apps…] [--deep]` */
export function define(command: Command): void {
  command
    .argument('[apps...]', 'folders of apps, or their names in apps/ (default: all of apps/)')
    .option('--deep', 'also every index and reference, and each row against the declaration');
  withData(command).action(check);
}

/** Ends with exit code 1 where something is wrong. A server may use the database meanwhile. */
async function check(names: string[], { deep = false, ...options }: CheckOptions): Promise<void> {
  for (const app of await findApps(names)) {
    const database = databaseOf(app, options);
    const at = { data: options.data, ...(database !== undefined && { database }) };
    if (!mayExist(at, app.name)) {
      if (names.length > 0) throw new StartError(`there is no database ${databaseWords(at, app.name)}`);
      continue;
    }
    const found = await checkApp(app, at, deep);
    const words = found.length > 0 ? found.map((one) => `\n  ${one}`).join('') : ' whole, and as declared';
    process.stdout.write(`${databaseWords(at, app.name)}:${words}\n`);
    if (found.length > 0) process.exitCode = 1;
  }
}

/** Answers a sentence for each thing that is not as it should be. Throws `StartError` for a file that is damaged. */
async function checkApp(app: App, at: DataOptions, deep: boolean): Promise<string[]> {
  const store = await openStore({ ...at, name: app.name, shared: true, waiting: tellWaiting });
  try {
    if (!at.database) {
      const { checkFileDeep, checkFileWhole } = await sqliteFiles();
      (deep ? checkFileDeep : checkFileWhole)(fileOf(at.data, app.name));
    }
    const { current } = await migrationStatus(store, tablesOfApp(app), renamesOfApp(app));
    if (!current) return [`not as declared; see: trestle migrate plan ${app.name}`];
    if (!deep) return [];
    const found = await store.snapshot((executor) =>
      checkRows({ dialect: store.dialect, all: (one, values) => executor.all(one, values) }, app),
    );
    return found ?? [];
  } finally {
    await store.close();
  }
}
