import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { type Contents, fileOf, lastBackupOf, sqliteFiles } from '../../database/open-store.ts';
import { StartError } from '../../start-error.ts';
import { type BackupTarget, openTarget, removeOldBackups } from '../backups/backup-target.ts';
import { checkRows } from '../check-rows.ts';
import { count, type DataOptions, databaseOf, withData } from '../data-options.ts';
import { findApps } from '../find-apps.ts';
import { dumpWords, stamp } from '../postgres-words.ts';

interface BackupOptions extends DataOptions {
  to: string;
  keep?: number;
}

/** `trestle backup [apps…] --to FOLDER` */
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
    );
  withData(command).action(async (names: string[], { data, to, keep, ...options }: BackupOptions) => {
    const found = await findApps(names);
    const apps = found.map(({ name }) => name);
    const now = new Date().toISOString();
    for (const app of found) {
      const database = databaseOf(app, options);
      if (database) throw new StartError(dumpWords(database, options.database ? apps : [app.name], to, now));
    }
    const there = apps.filter((name) => existsSync(fileOf(data, name)));
    const missing = apps.find((name) => !there.includes(name));
    if (missing && (names.length > 0 || there.length === 0))
      throw new StartError(`there is no database ${fileOf(data, missing)}`);
    const { backUpFile, readFile } = await sqliteFiles();
    const target = openTarget(to, data);
    try {
      for (const app of found.filter(({ name }) => there.includes(name))) {
        const { name } = app;
        const started = performance.now();
        const path = join(target.folder, `${name}-${stamp(now)}.db`);
        const checked = backUpFile(fileOf(data, name), path);
        const unfit = await readFile(path, (reader) => checkRows(reader, app));
        const stored = await target.store(path);
        writeFileSync(lastBackupOf(data, name), `${now}\n`);
        process.stdout.write(`${words(name, stored, checked, performance.now() - started)}\n`);
        reportRows(unfit);
        if (keep !== undefined) await removeOld(target, name, keep);
      }
    } finally {
      target.close();
    }
    // What a data folder holds beside databases: the signing secret, and a folder for each app whose operations keep files.
    const folders = there.map((name) => join(data, name)).filter((folder) => existsSync(folder));
    process.stdout.write(
      `Not in it: ${([join(data, 'signing-secret'), ...folders]).join(', ')}. Without the signing secret everyone signs in anew; keep it as a secret.\n`,
    );
  });
}

async function removeOld(target: BackupTarget, app: string, keep: number): Promise<void> {
  const removed = await removeOldBackups(target, app, keep);
  if (removed.length > 0) process.stdout.write(`  removed: ${removed.join(', ')}\n`);
}

/** Says which rows of a copy do not fit the declaration; the copy is kept, and the exit code 1. */
function reportRows(found: readonly string[] | undefined): void {
  if (found === undefined) process.stdout.write('  not as declared, so its rows were not compared\n');
  else for (const one of found) process.stdout.write(`  ${one}\n`);
  if (found !== undefined && found.length > 0) process.exitCode = 1;
}

function words(name: string, path: string, { bytes, tables, rows }: Contents, milliseconds: number): string {
  const size = `${(bytes / 1e6).toFixed(1)} MB`;
  const time = `${(milliseconds / 1000).toFixed(1)} s`;
  return `${name}: ${path}\n  ${rows} rows of ${tables} tables, ${size}, in ${time}; read back and whole`;
}
