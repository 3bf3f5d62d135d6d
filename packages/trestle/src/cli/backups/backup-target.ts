import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ownMark, removeLeftovers } from '../../database/leftovers.ts';
import { StartError } from '../../start-error.ts';
import { openS3 } from './s3-bucket.ts';

/** Name of a backup: the app and the instant. */
export const BACKUP = /^(.+)-\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}\.\d{3}Z\.db$/;

/** The name of a backup of this instant. */
export function backupName(app: string, now: string): string {
  return `${app}-${now.replaceAll(':', '-')}.db`;
}

/** Where backups are kept: a folder, or `s3://BUCKET/PREFIX`. */
export interface BackupTarget {
  /** The folder that a copy is made and checked in. */
  readonly folder: string;
  /** Stores a copy that was made there. Returns where it is. */
  store(path: string): Promise<string>;
  names(): Promise<string[]>;
  remove(name: string): Promise<void>;
  close(): void;
}

/** Opens what `--to` names. A copy for S3 is made in the data folder first. Throws `StartError`. */
export function openTarget(to: string, data: string): BackupTarget {
  const found = openS3(to);
  if (!found) {
    removeLeftovers(to);
    return {
      folder: to,
      store: async (path) => path,
      names: async () => readdirSync(to),
      remove: async (name) => rmSync(join(to, name)),
      close() {},
    };
  }
  const { bucket, key } = found;
  const prefix = key === '' ? '' : `${key}/`;
  const folder = temporaryFolder(data);
  return {
    folder,
    async store(path) {
      const stored = await bucket.upload(path, `${prefix}${basename(path)}`);
      rmSync(path);
      return stored;
    },
    names: () => bucket.list(prefix),
    remove: (name) => bucket.remove(`${prefix}${name}`),
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Removes the oldest backups of an app, but for so many. Returns what it has removed. */
export async function removeOldBackups(target: BackupTarget, app: string, keep: number): Promise<string[]> {
  const own = (await target.names()).filter((file) => BACKUP.exec(file)?.[1] === app);
  // Names of one app sort by their instant.
  const old = own.toSorted().slice(0, -keep);
  for (const file of old) await target.remove(file);
  return old;
}

/**
 * Runs a function on the file of a backup: the file itself, or a copy of an object in the data folder. `s3://BUCKET/PREFIX/APP`
 * is the newest backup of that app.
 */
export async function withBackupFile<T>(
  backup: string,
  data: string,
  use: (file: string) => Promise<T>,
): Promise<T> {
  const found = openS3(backup);
  if (!found) return use(backup);
  const { bucket } = found;
  let { key } = found;
  if (!BACKUP.test(key)) {
    const app = basename(key);
    const names = (await bucket.list(`${key}-`)).map((rest) => `${app}-${rest}`);
    const newest = names.findLast((name) => BACKUP.exec(name)?.[1] === app);
    if (!newest)
      throw new StartError(
        `there is no backup ${backup}-...; name one, or s3://BUCKET/PREFIX/APP for the newest`,
      );
    key = join(dirname(key), newest);
  }
  return withTemporaryFolder(data, async (folder) => {
    const file = join(folder, basename(key));
    await bucket.download(key, file);
    return await use(file);
  });
}

/** Runs a function with a new folder in the data folder, which is removed after it. */
export async function withTemporaryFolder<T>(data: string, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = temporaryFolder(data);
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function temporaryFolder(data: string): string {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  removeTemporaryFolders(data);
  return mkdtempSync(join(data, `.backup-${ownMark()}.`));
}

/** Removes the folders in a data folder that processes which were killed have left. */
export function removeTemporaryFolders(data: string): void {
  removeLeftovers(data, /^\.backup-(.+)\.(\d+)\.\w+$/);
}
