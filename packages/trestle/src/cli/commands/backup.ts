import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import {
  type Contents,
  databaseWords,
  fileOf,
  type Location,
  lastBackupOf,
  mayExist,
  sqliteFiles,
} from '../../database/open-store.ts';
import { messageOf } from '../../problems.ts';
import type { App } from '../../schema/app.ts';
import { StartError } from '../../start-error.ts';
import { actOfCommand, recordAct } from '../accounts/audited.ts';
import {
  type BackupTarget,
  backupName,
  openTarget,
  removeOldBackups,
  withTemporaryFolder,
} from '../backups/backup-target.ts';
import { copyToFile, withStore } from '../backups/database-copy.ts';
import { checkRows } from '../check-rows.ts';
import { count, type DataOptions, databaseOf, withData } from '../data-options.ts';
import { findApps } from '../find-apps.ts';

interface BackupOptions extends DataOptions {
  to: string;
  keep?: number;
  /** Whoever asked the server for it is in the audit already. */
  byServer?: boolean;
}

/** `trestle backup [apps...] --to FOLDER` */
export function define(command: Command): void {
  command
    .argument('[apps...]', 'folders of apps, or their names in apps/ (default: all that have a database)')
    .requiredOption(
      '--to <folder>',
      'where backups go, as NAME-INSTANT.db; a folder, best on another disk, or s3://BUCKET/PREFIX',
    )
    .addOption(
      new Option(
        '--keep <number>',
        'then remove the oldest backups of each app there, but for so many (default: none is removed)',
      ).argParser(count),
    )
    .addOption(new Option('--by-server').hideHelp());
  withData(command).action(backUpAll);
}

async function backUpAll(names: string[], options: BackupOptions): Promise<void> {
  const { data, to } = options;
  const found = await findApps(names);
  const [first] = found;
  const absent = found.find((app) => !mayExist(locationOf(app, options), app.name));
  if (absent && names.length > 0) throw noDatabase(absent, options);
  const now = new Date().toISOString();
  const target = openTarget(to, data);
  const backedUp: string[] = [];
  try {
    for (const app of found) {
      if (await backUpApp(app, options, { target, now })) backedUp.push(app.name);
      else if (names.length > 0) throw noDatabase(app, options);
    }
  } finally {
    target.close();
  }
  if (first && backedUp.length === 0) throw noDatabase(first, options);
  // What a data folder holds beside databases: the signing secret, and a folder for each app whose operations keep files.
  const folders = backedUp.map((name) => join(data, name)).filter((folder) => existsSync(folder));
  process.stdout.write(
    `Not in it: ${([join(data, 'signing-secret'), ...folders]).join(', ')}. Without the signing secret everyone signs in anew; keep it as a secret.\n`,
  );
}

/** Backs one app up, checks what was written and removes old ones. False where it has no database. */
async function backUpApp(
  app: App,
  options: BackupOptions,
  { target, now }: { readonly target: BackupTarget; readonly now: string },
): Promise<boolean> {
  const { name } = app;
  const at = locationOf(app, options);
  const started = performance.now();
  const path = join(target.folder, backupName(name, now));
  const checked = await backUp(app, at, path);
  if (!checked) return false;
  const unfit = await (await sqliteFiles()).readFile(path, (reader) => checkRows(reader, app));
  const stored = await target.store(path);
  writeFileSync(lastBackupOf(options.data, name), `${now}\n`);
  const { bytes, tables, rows } = checked;
  const size = `${(bytes / 1e6).toFixed(1)} MB`;
  const time = `${((performance.now() - started) / 1000).toFixed(1)} s`;
  process.stdout.write(
    `${name}: ${stored}\n  ${rows} rows of ${tables} tables, ${size}, in ${time}; read back and whole\n`,
  );
  // A copy whose rows do not fit the declaration is kept, and the exit code is 1.
  if (unfit === undefined) process.stdout.write('  not as declared, so its rows were not compared\n');
  else for (const one of unfit) process.stdout.write(`  ${one}\n`);
  if (unfit !== undefined && unfit.length > 0) process.exitCode = 1;
  if (options.keep !== undefined) {
    const removed = await removeOldBackups(target, name, options.keep);
    if (removed.length > 0) process.stdout.write(`  removed: ${removed.join(', ')}\n`);
  }
  if (options.byServer) return true;
  // In the audit of the app; the backup itself was made before, and is without the entry.
  try {
    await withStore(at, app, (store) =>
      recordAct(store, app, actOfCommand({ command: 'trestle backup', resource: 'backups' })),
    );
  } catch (error) {
    // A backup is a backup also where its maker may not write, or the database is not as declared.
    const why = messageOf(error);
    process.stderr.write(`trestle: this backup is not in the audit: ${why}\n`);
  }
  return true;
}

/** Writes a backup of an app's database: undefined where there is none. */
async function backUp(app: App, at: Location, path: string): Promise<Contents | undefined> {
  const { data, database } = at;
  const { backUpFile } = await sqliteFiles();
  if (database === undefined)
    return existsSync(fileOf(data, app.name)) ? backUpFile(fileOf(data, app.name), path) : undefined;
  return withTemporaryFolder(data, async (folder) => {
    const file = await copyToFile(app, { data, database }, folder);
    return file === undefined ? undefined : backUpFile(file, path);
  });
}

function locationOf(app: App, options: DataOptions): Location {
  return { data: options.data, database: databaseOf(app, options) };
}

function noDatabase(app: App, options: DataOptions): StartError {
  return new StartError(`there is no database ${databaseWords(locationOf(app, options), app.name)}`);
}
