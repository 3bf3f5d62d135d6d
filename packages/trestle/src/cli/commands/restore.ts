import { basename } from 'node:path';
import { type Command, Option } from 'commander';
import type { AttributedAct } from '../../accounts/operators/audit.ts';
import { recordRestore } from '../../database/migrations/history.ts';
import { isDestructive, type MigrationStatus, migrationStatus } from '../../database/migrations/migrate.ts';
import { NewerDatabase } from '../../database/migrations/refusals.ts';
import { databaseWords, fileOf, isInUse, type Location, sqliteFiles } from '../../database/open-store.ts';
import { renamesOfApp, tablesOfApp } from '../../engine.ts';
import type { App } from '../../schema/app.ts';
import { StartError } from '../../start-error.ts';
import { actOfCommand, recordAct } from '../accounts/audited.ts';
import { withBackupFile, withTemporaryFolder } from '../backups/backup-target.ts';
import { copyToFile, replaceByFile } from '../backups/database-copy.ts';
import { type DataOptions, databaseOf, withData } from '../data-options.ts';
import { findApps } from '../find-apps.ts';

/** `messages-2026-11-21T09-20-00.123Z.db`, and what migrations and restores keep: `messages.db.2026-....backup`. */
const IN_FOLDER = /^(.+?)(?:-\d{4}-\d\d-\d\dT[\d.-]+Z\.db|\.db(?:\..+)?)$/;
/** Without an instant, the newest. */
const IN_S3 = /^(.+?)(?:-\d{4}-\d\d-\d\dT[\d.-]+Z\.db)?$/;

interface RestoreOptions extends DataOptions {
  app?: string;
  /** Given by a server: who asked for it, for the audit. It serves again at once, so what it could not start on is refused. */
  act?: string;
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
  command.addOption(new Option('--act <json>').hideHelp());
  withData(command).action(restore);
}

async function restore(
  backup: string,
  { data, app: named, act: given, ...options }: RestoreOptions,
): Promise<void> {
  const pattern = backup.startsWith('s3://') ? IN_S3 : IN_FOLDER;
  const asked = named ?? pattern.exec(basename(backup))?.[1];
  if (asked === undefined)
    throw new StartError(`the name of ${backup} does not say whose backup it is; name the app with --app`);
  const [app] = await findApps([asked]);
  if (!app) return;
  const database = databaseOf(app, options);
  const file = fileOf(data, app.name);
  const where = databaseWords({ data, database }, app.name);
  const act: AttributedAct = given
    ? JSON.parse(given)
    : actOfCommand({ command: 'trestle restore', resource: 'backups' });
  const { prepareRestore, openSqlite } = await sqliteFiles();
  await withBackupFile(backup, data, async (copy) => {
    const restoring = prepareRestore(copy, file);
    try {
      const status = await recordInCopy(restoring.copy, app, { backup, act });
      const isStartable = !isDestructive(status.plan) && status.obstacles.length === 0;
      if (given && !isStartable)
        throw new StartError(
          `${basename(backup)} is of an older declaration of ${app.name}, and changing it loses data. Nothing was changed. Stop the server, restore it with trestle restore, and see trestle migrate plan ${app.name}.`,
        );
      if (database === undefined) {
        const kept = restoring.replace(new Date().toISOString());
        return print(words(app, where, kept, status));
      }
      if (await isInUse({ data, database }, app.name))
        throw new StartError(
          `${where} is in use by another process. Stop the servers first; nothing was changed.`,
        );
      const kept = await keepRows(app, { data, database });
      const source = openSqlite(restoring.copy);
      try {
        await replaceByFile(app, { data, database }, source);
      } finally {
        await source.close();
      }
      print(words(app, where, kept, { ...status, current: true }));
    } finally {
      restoring.end();
    }
  });
}

/** Keeps what is on PostgreSQL as a file that can be restored; undefined where there is nothing. */
async function keepRows(
  app: App,
  from: Location & { readonly database: string },
): Promise<string | undefined> {
  const { backUpFile } = await sqliteFiles();
  return withTemporaryFolder(from.data, async (folder) => {
    const file = await copyToFile(app, from, folder);
    if (file === undefined) return undefined;
    const kept = `${fileOf(from.data, app.name)}.${new Date().toISOString().replaceAll(':', '-')}.replaced`;
    backUpFile(file, kept);
    return kept;
  });
}

/**
 * Writes the restore down in the copy, also in its audit where that is as declared. Throws `NewerDatabase` (exit code 3) for a
 * backup that this declaration is too old for.
 */
async function recordInCopy(
  copy: string,
  app: App,
  { backup, act }: { readonly backup: string; readonly act: AttributedAct },
): Promise<MigrationStatus> {
  const { openSqlite } = await sqliteFiles();
  const store = openSqlite(copy);
  try {
    const status = await migrationStatus(store, tablesOfApp(app), renamesOfApp(app));
    if (status.older)
      throw new NewerDatabase(`${backup} is newer than the declaration of ${app.name}. Nothing was changed.`);
    await recordRestore(store);
    if (status.current) await recordAct(store, app, act);
    return status;
  } finally {
    await store.close();
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function words(
  app: App,
  where: string,
  kept: string | undefined,
  { current, plan }: MigrationStatus,
): string {
  const lines = [`${app.name}: ${where} is as it was in the backup`];
  if (kept) lines.push(`  what was there is kept as ${kept}`);
  if (!current)
    lines.push(
      `  it is ${plan.steps.length} changes behind the declaration; see: trestle migrate plan ${app.name}`,
    );
  return lines.join('\n');
}
