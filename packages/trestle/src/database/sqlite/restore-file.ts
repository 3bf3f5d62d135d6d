import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StartError } from '../../start-error.ts';
import { ownMark } from '../leftovers.ts';
import { checkFileDeep, syncPath } from './backup-file.ts';
import { isBusy, isSqliteError } from './errors.ts';

/** A copy of a backup beside the database whose place it is to take. */
export interface Restoring {
  /** Where the copy is, checked and on the disk. */
  readonly copy: string;
  /** Puts it in the database's place, and answers where that was kept; undefined where there was none. Throws `StartError` while it is in use. */
  replace(now: string): string | undefined;
  /** Removes the copy, where it was not taken. */
  end(): void;
}

/** Copies a backup beside a database and checks the copy. Throws `StartError` for one that is not whole. */
export function prepareRestore(backup: string, file: string): Restoring {
  if (!existsSync(backup)) throw new StartError(`there is no file ${backup}`);
  const copy = `${file}.${ownMark()}.restoring`;
  const end = () => {
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${copy}${suffix}`, { force: true });
  };
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  end();
  try {
    copyFileSync(backup, copy, constants.COPYFILE_FICLONE);
    chmodSync(copy, 0o600);
    checkFileDeep(copy, backup);
    return { copy, end, replace: (now) => replace(copy, file, now) };
  } catch (error) {
    end();
    throw error;
  }
}

/** The old file gets a second name before the new one takes its first: there is a database under that name at every moment. */
function replace(copy: string, file: string, now: string): string | undefined {
  syncPath(copy);
  const name = `.${now.replaceAll(':', '-')}.replaced`;
  const kept = existsSync(file) ? keep(file, `${file}${name}`) : undefined;
  // What is left of a log belongs to no file any more, and SQLite would write it into the new one.
  if (existsSync(`${file}-wal`)) renameSync(`${file}-wal`, `${file}-wal${name}`);
  renameSync(copy, file);
  // What was not stopped cleanly was the database before.
  rmSync(`${file}.pid`, { force: true });
  syncPath(dirname(file));
  return kept;
}

function keep(file: string, kept: string): string {
  const database = new DatabaseSync(file, { timeout: 250 });
  try {
    // Takes the exclusive lock, and writes what is still in the log into the file: only then is the file all there is. A database
    // that is damaged, for which a backup may well be restored, is kept as it is, and its log beside it.
    try {
      database.exec('pragma locking_mode = exclusive; pragma journal_mode = delete');
    } catch (error) {
      if (isBusy(error))
        throw new StartError(
          `${file} is in use by another process. Stop the server first; nothing was changed.`,
          { cause: error },
        );
      if (!isSqliteError(error)) throw error;
    }
    rmSync(`${file}-shm`, { force: true });
    linkSync(file, kept);
    return kept;
  } finally {
    database.close();
  }
}
