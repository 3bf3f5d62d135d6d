import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { BackupFile, Backups } from '../../http/server/administration.ts';
import { Problem } from '../../problems.ts';
import { BACKUP, openTarget } from '../backups/backup-target.ts';
import { runTrestle } from './scheduled-backups.ts';

interface ServedBackupsOptions {
  readonly data: string;
  /** As `--backup-to` names it (default: the folder `backups` in the data folder). */
  readonly to: string | undefined;
  readonly at: string;
  readonly keep: number;
  /** Apps by name, as the command line names them; `onFile` where it has an SQLite file. */
  readonly apps: ReadonlyMap<string, { readonly named: string; readonly onFile: boolean }>;
}

/** The backups of a server. They are made and read back by `trestle` in a process of its own, so that no request waits. */
export function servedBackups({ data, to, at, keep, apps }: ServedBackupsOptions): Backups {
  const target = to ?? join(data, 'backups');
  const isFolder = !target.startsWith('s3://');
  let isBusy = false;

  function named(app: string): string {
    const found = apps.get(app);
    if (found?.onFile) return found.named;
    throw new Problem('not_implemented', {
      detail: 'A database on PostgreSQL is backed up by pg_dump: trestle backup says how.',
    });
  }

  /** The place of a backup. No name leads out of the folder, or to another app. */
  function placeOf(app: string, name: string): string {
    named(app);
    const place = `${target.replace(/\/$/, '')}/${name}`;
    if (BACKUP.exec(name)?.[1] === app && (!isFolder || existsSync(place))) return place;
    throw new Problem('not_found', { data: { resource: 'backups', id: name } });
  }

  async function alone<T>(run: () => Promise<T>): Promise<T> {
    if (isBusy)
      throw new Problem('conflict', { detail: 'A backup is being made or read back; try again later.' });
    isBusy = true;
    try {
      return await run();
    } finally {
      isBusy = false;
    }
  }

  async function list(app: string): Promise<BackupFile[]> {
    named(app);
    const own = (await namesIn(target, data)).filter((name) => BACKUP.exec(name)?.[1] === app);
    return own
      .toSorted()
      .toReversed()
      .map((name) => ({
        name,
        at: instantOf(name, app),
        bytes: isFolder ? statSync(join(target, name)).size : null,
      }));
  }

  return {
    target,
    schedule: to === undefined ? null : { at, keep },
    list,
    make: (app) =>
      alone(async () => {
        const name = named(app);
        const made = await runTrestle([
          'backup',
          name,
          '--data',
          data,
          '--to',
          target,
          '--keep',
          String(keep),
        ]);
        if (!made.ok)
          throw new Problem('unavailable', {
            detail: `There is no backup: ${made.output}`,
            cause: made.output,
          });
        const [newest] = await list(app);
        if (newest) return newest;
        throw new Problem('internal', { cause: new Error('a backup that was made is not there') });
      }),
    verify: (app, name) =>
      alone(async () => {
        const place = placeOf(app, name);
        const { ok, output } = await runTrestle(['verify', place, '--app', named(app), '--data', data]);
        // Where it is is no matter for a browser.
        return { ok, detail: output.replaceAll(place, name) };
      }),
    async open(app, name) {
      const path = placeOf(app, name);
      if (isFolder) return { path, bytes: statSync(path).size };
      throw new Problem('not_implemented', { detail: 'It is in a bucket; download it from there.' });
    },
  };
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

/** `2026-11-21T09-20-00.123Z` of a name as an instant. */
function instantOf(name: string, app: string): string {
  return name.slice(app.length + 1, -'.db'.length).replace(/T(\d\d)-(\d\d)-/, 'T$1:$2:');
}
