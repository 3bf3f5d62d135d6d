import { join } from 'node:path';
import { SETUPS_TABLE } from '../../accounts/resources.ts';
import { recordRestore } from '../../database/migrations/history.ts';
import { migrate, migrationStatus } from '../../database/migrations/migrate.ts';
import { databaseWords, type Location, openStore } from '../../database/open-store.ts';
import type { Store } from '../../database/store.ts';
import type { Table } from '../../database/table.ts';
import { transfer } from '../../database/transfer/transfer.ts';
import { renamesOfApp, tablesOfApp } from '../../engine.ts';
import type { App } from '../../schema/app.ts';
import { StartError } from '../../start-error.ts';
import { tellWaiting } from '../data-options.ts';

/** Where an app's rows are on PostgreSQL. */
type DatabaseLocation = Location & { readonly database: string };

/** The tables that are copied: the link that makes a first operator belongs to the server that printed it. */
export function copiedTables(app: App): Table[] {
  return tablesOfApp(app).filter(({ name }) => name !== SETUPS_TABLE);
}

/** False for a database that nothing was ever put into. Throws `StartError` for one that is not as declared. */
export async function isReady(source: Store, app: App, where: string): Promise<boolean> {
  const status = await migrationStatus(source, tablesOfApp(app), renamesOfApp(app));
  if (status.entries.length === 0) return false;
  if (!status.current)
    throw new StartError(
      `${where} is not as ${app.name} is declared; bring it there first with: trestle migrate apply ${app.name}`,
    );
  return true;
}

/** Opens a store for a function, not under a server's name, so that servers can be told from it. */
export async function withStore<T>(at: Location, app: App, use: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore({ ...at, name: app.name, application: 'trestle-copy', waiting: tellWaiting });
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

/**
 * Writes what an app has on PostgreSQL at one moment into a new SQLite file of a folder, compared row by row, while others go on
 * writing. Undefined where there is nothing. Throws `StartError` for a database that is not as declared.
 */
export function copyToFile(app: App, from: DatabaseLocation, folder: string): Promise<string | undefined> {
  return withStore(from, app, async (source) => {
    if (!(await isReady(source, app, databaseWords(from, app.name)))) return undefined;
    await withStore({ data: folder }, app, async (target) => {
      await migrate(target, tablesOfApp(app));
      await transfer(source, target, copiedTables(app));
    });
    return join(folder, `${app.name}.db`);
  });
}

/**
 * Replaces all rows that an app has on PostgreSQL by those of an SQLite file, in one transaction: all of them, or none. The file is
 * brought to the declaration first. Throws `StartError` or what `migrate` does where that loses something.
 */
export function replaceByFile(app: App, to: DatabaseLocation, source: Store): Promise<void> {
  return withStore(to, app, async (target) => {
    const renames = renamesOfApp(app);
    await migrate(source, tablesOfApp(app), { renames });
    await migrate(target, tablesOfApp(app), { renames });
    await recordRestore(target);
    await transfer(source, target, copiedTables(app), { replace: true });
  });
}
