import { basename } from 'node:path';
import type { Command } from 'commander';
import { sqliteFiles } from '../../database/open-store.ts';
import { StartError } from '../../start-error.ts';
import { checkRows } from '../check-rows.ts';
import { type DataOptions, withData } from '../data-options.ts';
import { findApps } from '../find-apps.ts';
import { BACKUP, withBackupFile } from './backup-target.ts';

/** `trestle verify FILE` */
export function define(command: Command): void {
  command
    .argument('<file>', 'a backup, or s3://BUCKET/PREFIX/APP for the newest there')
    .option(
      '--app <name>',
      "the app, by its folder or its name in apps/ (default: as the backup's name says)",
    );
  withData(command).action(async (backup: string, { data, app: given }: DataOptions & { app?: string }) => {
    const named = given ?? BACKUP.exec(basename(backup))?.[1];
    if (!named)
      throw new StartError(`the name of ${backup} does not say whose backup it is; name the app with --app`);
    const [app] = await findApps([named]);
    if (!app) return;
    const { checkFileDeep, readFile } = await sqliteFiles();
    await withBackupFile(backup, data, async (file) => {
      const { rows, tables, bytes } = checkFileDeep(file, backup);
      process.stdout.write(`${rows} rows of ${tables} tables, ${(bytes / 1e6).toFixed(1)} MB; whole\n`);
      const unfit = await readFile(file, (reader) => checkRows(reader, app));
      if (unfit === undefined) process.stdout.write('not as declared, so its rows were not compared\n');
      for (const one of unfit ?? []) process.stdout.write(`${one}\n`);
      if (unfit !== undefined && unfit.length > 0) process.exitCode = 1;
    });
  });
}
