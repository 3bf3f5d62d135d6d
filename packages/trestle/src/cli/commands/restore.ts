import { basename } from 'node:path';
import type { Command } from 'commander';
import { recordRestore } from '../../database/migrations/history.ts';
import { type MigrationStatus, migrationStatus } from '../../database/migrations/migrate.ts';
import { NewerDatabase } from '../../database/migrations/refusals.ts';
import { fileOf, sqliteFiles } from '../../database/open-store.ts';
import { renamesOfApp, tablesOfApp } from '../../engine.ts';
import type { App } from '../../schema/app.ts';
import { StartError } from '../../start-error.ts';
import { withBackupFile } from '../backups/backup-target.ts';
import { type DataOptions, databaseOf, withData } from '../data-options.ts';
import { findApps } from '../find-apps.ts';
import { restoreWords } from '../postgres-words.ts';

interface RestoreOptions extends DataOptions {
  app?: string;
}

/** `trestle restore FILE` */
export function define(command: Command): void {
  command
    .argument(
      '<file>',
      'a backup, or s3://BUCKET/PREFIX/APP for the newest there; the database it replaces is kept beside it',
    )
    .option(
      '--app <name>',
      "the app, by its folder or its name in apps/ (default: as the backup's name says)",
    );
  withData(command).action(restore);
}

async function restore(backup: string, { data, app: named, ...options }: RestoreOptions): Promise<void> {
  if (options.database) throw new StartError(restoreWords(options.database, backup));
  const [app] = await findApps([named ?? appOf(backup)]);
  if (!app) return;
  const own = databaseOf(app, options);
  if (own) throw new StartError(restoreWords(own, backup));
  const file = fileOf(data, app.name);
  const { prepareRestore } = await sqliteFiles();
  await withBackupFile(backup, data, async (copy) => {
    const restoring = prepareRestore(copy, file);
    try {
      const status = await statusOf(restoring.copy, app, backup);
      const kept = restoring.replace(new Date().toISOString());
      process.stdout.write(`${words(app, file, kept, status)}\n`);
    } finally {
      restoring.end();
    }
  });
}

const IN_FOLDER = /^(.+?)(?:-\d{4}-\d\d-\d\dT[\d.-]+Z\.db|\.db(?:\..+)?)$/;
/** Without an instant, the newest. */
const IN_S3 = /^(.+?)(?:-\d{4}-\d\d-\d\dT[\d.-]+Z\.db)?$/;

/** `messages-2026-11-21T09-20-00.123Z.db`, and what migrations and restores keep: `messages.db.2026-….backup`. */
function appOf(backup: string): string {
  const pattern = backup.startsWith('s3://') ? IN_S3 : IN_FOLDER;
  const name = pattern.exec(basename(backup))?.[1];
  if (name) return name;
  throw new StartError(`the name of ${backup} does not say whose backup it is; name the app with --app`);
}

/** Throws `NewerDatabase` (exit code 3) for a backup that this declaration is too old for. */
async function statusOf(copy: string, app: App, backup: string): Promise<MigrationStatus> {
  const { openSqlite } = await sqliteFiles();
  const store = openSqlite(copy);
  try {
    const status = await migrationStatus(store, tablesOfApp(app), renamesOfApp(app));
    if (status.older)
      throw new NewerDatabase(`${backup} is newer than the declaration of ${app.name}. Nothing was changed.`);
    await recordRestore(store);
    return status;
  } finally {
    await store.close();
  }
}

function words(app: App, file: string, kept: string | undefined, { current, plan }: MigrationStatus): string {
  const lines = [`${app.name}: ${file} is as it was in the backup`];
  if (kept) lines.push(`  what was there is kept as ${kept}`);
  if (!current)
    lines.push(
      `  it is ${plan.steps.length} changes behind the declaration; see: trestle migrate plan ${app.name}`,
    );
  return lines.join('\n');
}
