import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { AttributedAct } from '../../accounts/operators/audit.ts';
import { writeJsonFile } from '../../database/leftovers.ts';
import type { BackupFile, Backups, RestoreView } from '../../http/server/administration.ts';
import { Problem } from '../../problems.ts';
import { type BackupDefaults, changeBackupSettings, readBackupSettings } from '../backups/backup-settings.ts';
import { BACKUP, openTarget } from '../backups/backup-target.ts';
import { runTrestle } from './run-trestle.ts';

/** A backup that is to take the place of an app's rows, once the server serves nobody. */
export interface RestoreRequest {
  readonly app: string;
  /** The app as the command line names it. */
  readonly named: string;
  readonly data: string;
  /** Where backups go. */
  readonly target: string;
  readonly backup: string;
  readonly by: AttributedAct;
}

interface ServedBackupsOptions {
  readonly defaults: BackupDefaults;
  /** Apps by name, as the command line names them. */
  readonly apps: ReadonlyMap<string, string>;
  /** A URL of PostgreSQL, for commands (default: none). */
  readonly database: string | undefined;
  /** Asks this server to stop serving, to restore, and to serve again. */
  readonly restart: (request: RestoreRequest) => void;
}

/** The backups of a server. They are made and read back by `trestle` in a process of its own, so that no request waits. */
export function servedBackups({ defaults, apps, database, restart }: ServedBackupsOptions): Backups {
  const { data } = defaults;
  let isBusy = false;
  const named = (app: string) => apps.get(app) ?? app;
  const targetOf = (app: string) => readBackupSettings(app, defaults).to.value;
  const trestle = (...words: string[]) => runTrestle([...words, '--data', data], database);

  /** The place of a backup. No name leads out of the folder, or to another app. */
  function placeOf(app: string, name: string): string {
    const target = targetOf(app);
    const place = `${target.replace(/\/$/, '')}/${name}`;
    if (BACKUP.exec(name)?.[1] === app && (target.startsWith('s3://') || existsSync(place))) return place;
    throw new Problem('not_found', { data: { resource: 'backups', id: name } });
  }

  async function alone<T>(run: () => Promise<T>): Promise<T> {
    if (isBusy)
      throw new Problem('conflict', {
        detail: 'A backup is being made, read back or restored; try again later.',
      });
    isBusy = true;
    try {
      return await run();
    } finally {
      isBusy = false;
    }
  }

  async function list(app: string): Promise<BackupFile[]> {
    const target = targetOf(app);
    const own = (await namesIn(target, data)).filter((name) => BACKUP.exec(name)?.[1] === app);
    return own
      .toSorted()
      .toReversed()
      .map((name) => ({
        name,
        // `2026-11-21T09-20-00.123Z` of the name as an instant.
        at: name.slice(app.length + 1, -'.db'.length).replace(/T(\d\d)-(\d\d)-/, 'T$1:$2:'),
        bytes: target.startsWith('s3://') ? null : statSync(join(target, name)).size,
      }));
  }

  async function verify(app: string, name: string): Promise<{ ok: boolean; detail: string }> {
    const place = placeOf(app, name);
    const { ok, output } = await trestle('verify', place, '--app', named(app));
    // Where it is is no matter for a browser.
    return { ok, detail: output.replaceAll(place, name) };
  }

  return {
    settings: (app) => readBackupSettings(app, defaults),
    change: (app, change) => changeBackupSettings(app, defaults, change),
    list,
    make: (app) =>
      alone(async () => {
        const { to, keep } = readBackupSettings(app, defaults);
        const words = ['backup', named(app), '--to', to.value, '--keep', String(keep.value), '--by-server'];
        const { ok, output } = await trestle(...words);
        if (!ok) throw new Problem('unavailable', { detail: `There is no backup: ${output}`, cause: output });
        const [newest] = await list(app);
        if (newest) return newest;
        throw new Problem('internal', { cause: new Error('a backup that was made is not there') });
      }),
    verify: (app, name) => alone(() => verify(app, name)),
    async open(app, name) {
      const path = placeOf(app, name);
      if (!path.startsWith('s3://')) return { path, bytes: statSync(path).size };
      throw new Problem('not_implemented', { detail: 'It is in a bucket; download it from there.' });
    },
    restore: (app, name, by) =>
      alone(async () => {
        const { ok, detail } = await verify(app, name);
        if (!ok) throw new Problem('conflict', { detail: `This backup is not whole: ${detail}` });
        const started: RestoreView = {
          backup: name,
          state: 'restoring',
          started_at: new Date().toISOString(),
          finished_at: null,
          before: null,
          detail: null,
        };
        writeLastRestore(data, app, started);
        restart({ app, named: named(app), data, target: targetOf(app), backup: placeOf(app, name), by });
        return started;
      }),
    lastRestore: (app) => readLastRestore(data, app),
  };
}

/**
 * Backs up what there is, then puts a backup in its place: all of it, or nothing. Nobody may use the database meanwhile. What
 * became of it is kept for operators, and the act is in the audit of the restored rows. Resolves in any case.
 */
export async function runRestore(
  request: RestoreRequest,
  database: string | undefined,
): Promise<RestoreView> {
  const { app, named, data, target, backup, by } = request;
  const trestle = (...words: string[]) => runTrestle([...words, '--data', data], database);
  const begun = readLastRestore(data, app);
  const kept = await trestle('backup', named, '--to', target, '--by-server');
  const before = new RegExp(`(${app}-[\\dTZ.-]+\\.db)$`, 'm').exec(kept.output)?.[1] ?? null;
  const restored = kept.ok
    ? await trestle('restore', backup, '--app', named, '--act', JSON.stringify(by))
    : { ok: false, output: `What is there could not be backed up first: ${kept.output}` };
  const ended: RestoreView = {
    backup: backup.slice(backup.lastIndexOf('/') + 1),
    state: restored.ok ? 'restored' : 'failed',
    started_at: begun?.started_at ?? new Date().toISOString(),
    finished_at: new Date().toISOString(),
    before,
    detail: restored.output,
  };
  writeLastRestore(data, app, ended);
  return ended;
}

/** Says of a restore that was under way when its server was killed that it has ended: the rows are those before it or after it. */
export function endInterruptedRestore(data: string, app: string): void {
  const last = readLastRestore(data, app);
  if (last?.state !== 'restoring') return;
  const detail =
    'The server was killed meanwhile: nothing was replaced, or all of it. The migrations say whether a backup was restored.';
  writeLastRestore(data, app, { ...last, state: 'failed', finished_at: new Date().toISOString(), detail });
}

function lastRestoreOf(data: string, app: string): string {
  return join(data, `${app}.last-restore.json`);
}

function readLastRestore(data: string, app: string): RestoreView | null {
  const path = lastRestoreOf(data, app);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null;
}

function writeLastRestore(data: string, app: string, view: RestoreView): void {
  writeJsonFile(lastRestoreOf(data, app), view);
}

async function namesIn(target: string, data: string): Promise<string[]> {
  if (!target.startsWith('s3://')) return existsSync(target) ? readdirSync(target) : [];
  const opened = openTarget(target, data);
  try {
    return await opened.names();
  } finally {
    opened.close();
  }
}
