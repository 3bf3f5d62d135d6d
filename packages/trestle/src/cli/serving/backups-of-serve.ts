import type { Command } from 'commander';
import { removeLeftovers } from '../../database/leftovers.ts';
import type { Log } from '../../http/logging/logging.ts';
import type { ServerOptions } from '../../http/server/server-options.ts';
import type { Role } from '../../jobs/job-limits.ts';
import type { App } from '../../schema/app.ts';
import { type BackupDefaults, readBackupSettings } from '../backups/backup-settings.ts';
import { removeTemporaryFolders } from '../backups/backup-target.ts';
import type { BackupOptions, DataOptions } from '../data-options.ts';
import { scheduleBackups } from './scheduled-backups.ts';
import { endInterruptedRestore, type RestoreRequest, runRestore, servedBackups } from './served-backups.ts';
import { serverSettings, settingsOf } from './settings.ts';

type Options = DataOptions & BackupOptions & { readonly roles: readonly Role[] };

/** How the command line names each app: apps are found in the order in which they are named. */
export function namedApps(
  apps: readonly { readonly name: string }[],
  names: readonly string[],
): ReadonlyMap<string, string> {
  return new Map(apps.map(({ name }, at) => [name, names[at] ?? name]));
}

/** Settings of backups that a server was started with, and where each comes from. */
export function backupDefaults(command: Command, options: Options): BackupDefaults {
  const { data, backupTo, backupAt, backupKeep } = options;
  const settings = settingsOf(command);
  const sourceOf = (name: string) => settings.find((each) => each.name === name)?.source ?? 'default';
  return {
    data,
    to: { value: backupTo, source: sourceOf('backupTo') },
    at: { value: backupAt, source: sourceOf('backupAt') },
    keep: { value: backupKeep, source: sourceOf('backupKeep') },
  };
}

/** Throws `StartError` where backups are asked for that could not be made. */
export async function requireBackups({ backupTo }: BackupOptions): Promise<void> {
  if (backupTo?.startsWith('s3://')) (await import('../backups/s3-bucket.ts')).openS3(backupTo);
}

interface Administered {
  readonly apps: readonly App[];
  readonly named: ReadonlyMap<string, string>;
  readonly restart: (request: RestoreRequest) => void;
}

/** Settings and backups, for operators. */
export function administrationOf(
  command: Command,
  options: Options,
  { apps, named, restart }: Administered,
): NonNullable<ServerOptions['administration']> {
  const { database } = options;
  const backups = servedBackups({
    defaults: backupDefaults(command, options),
    apps: named,
    database,
    restart,
  });
  return { settings: serverSettings(command, apps), backups };
}

/** Begins to make backups whenever the schedules of apps say, in a process with that role. */
export function scheduleBackupsOf(
  apps: ReadonlyMap<string, string>,
  options: Options,
  { command, log }: { readonly command: Command; readonly log: Log },
): void {
  if (!options.roles.includes('schedule')) return;
  const { data, database } = options;
  const defaults = backupDefaults(command, options);
  const settingsOf = (app: string) => readBackupSettings(app, defaults);
  scheduleBackups({ data, database, apps, settingsOf }, log);
}

/** Names of copies that a restore has not put into place. */
const RESTORING = /\.db\.(.+)\.(\d+)\.restoring(?:-\w+)?$/;

/** Removes what backups and restores that were killed have left. */
export function clearLeftovers(apps: ReadonlyMap<string, string>, defaults: BackupDefaults): void {
  removeTemporaryFolders(defaults.data);
  removeLeftovers(defaults.data);
  removeLeftovers(defaults.data, RESTORING);
  for (const app of apps.keys()) {
    const to = readBackupSettings(app, defaults).to.value;
    if (!to.startsWith('s3://')) removeLeftovers(to);
    endInterruptedRestore(defaults.data, app);
  }
}

/** Restores a backup while nobody is served, and logs what became of it. */
export async function restore(
  request: RestoreRequest,
  { database }: Pick<DataOptions, 'database'>,
  log: Log,
): Promise<void> {
  const { app, backup } = request;
  log.lines.info({ app, backup }, 'restoring a backup');
  const { state, before, detail } = await runRestore(request, database);
  if (state === 'restored') log.lines.info({ app, backup, before }, 'backup restored');
  else log.lines.error({ app, backup, before, why: detail }, 'backup not restored');
}
