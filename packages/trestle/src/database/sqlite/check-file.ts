import { closeSync, existsSync, linkSync, openSync, readdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StartError } from '../../start-error.ts';
import { isRunning } from '../leftovers.ts';
import { isSqliteError } from './errors.ts';

/** Files up to this size are read whole at start, which takes some 5 ms a MiB; larger ones by `checkFileWhole` alone. */
const CHECKED_AT_START = 16 * 1024 * 1024;

/**
 * Makes the file where there is none, whole at once: it never is empty, so that an empty one is a damaged one.
 * Throws `StartError` for a file that is empty, or gone while its log is still there. The file itself is not opened
 * here: closing it again would drop the locks of this process's other connections (https://www.sqlite.org/howtocorrupt.html).
 */
export function makeFile(file: string): void {
  if (!existsSync(file)) {
    if (existsSync(`${file}-wal`)) throw damaged(file, 'the file is gone, but its log (-wal) is still there');
    const unfinished = `${file}.${process.pid}.new`;
    rmSync(unfinished, { force: true });
    // SQLite takes an empty file, and gives the files beside it the same mode.
    closeSync(openSync(unfinished, 'wx', 0o600));
    const database = new DatabaseSync(unfinished);
    database.exec('pragma journal_mode = wal');
    database.close();
    try {
      // Unlike a rename it takes the place of no other process's file.
      linkSync(unfinished, file);
    } catch (error) {
      if (!existsSync(file)) throw error;
    } finally {
      rmSync(unfinished, { force: true });
    }
  } else if (statSync(file).size === 0) throw damaged(file, 'the file is empty');
}

/** Removes what processes that were killed left unfinished beside a file: their names hold its id. */
export function removeLeftovers(file: string): void {
  const prefix = `${basename(file)}.`;
  for (const name of readdirSync(dirname(file))) {
    const id = name.startsWith(prefix)
      ? /^(\d+)\.(?:new|part)$/.exec(name.slice(prefix.length))?.[1]
      : undefined;
    if (id !== undefined && !isRunning(Number(id))) rmSync(join(dirname(file), name), { force: true });
  }
}

/** Reads the schema of an open database, and every page of a small one. Throws `StartError` for a damaged one. */
export function checkAtStart(file: string, database: DatabaseSync): void {
  if (statSync(file).size <= CHECKED_AT_START) checkDatabase(file, database);
  else database.prepare('select count(*) from sqlite_schema').all();
}

function checkDatabase(file: string, database: DatabaseSync): void {
  const [row] = database.prepare('pragma quick_check(1)').all();
  const found = String(row?.quick_check);
  if (found !== 'ok') throw damaged(file, found.replaceAll('\n', ' '));
}

/** Reads every page of a small file. Throws `StartError` for a damaged one, and for one that takes too long to read. */
export function checkSmallFile(file: string): void {
  if (statSync(file).size > CHECKED_AT_START)
    throw damaged(file, 'pages are damaged, and the file is too large to be read whole while it is served');
  checkFileWhole(file);
}

/** An error of opening a file, in words for the person at the terminal. */
export function openingError(file: string, error: unknown): unknown {
  return isSqliteError(error) ? damaged(file, error.message, REMEDY, error) : error;
}

const REMEDY =
  'Keep a copy of it with its -wal and -shm files, then put a backup in its place; without one, try ' +
  "sqlite3's .recover, or move all three away to start empty.";

/** An error of a file that is not whole, with what to do. */
export function damaged(file: string, why: string, remedy = REMEDY, cause?: unknown): StartError {
  return new StartError(`${file} cannot be used as a database: ${why}. Nothing was changed. ${remedy}`, {
    cause,
  });
}

/** Reads every page of a file. Throws `StartError` naming the first fault found. */
export function checkFileWhole(file: string): void {
  const database = new DatabaseSync(file, { readOnly: true, timeout: 5000 });
  try {
    checkDatabase(file, database);
  } catch (error) {
    throw openingError(file, error);
  } finally {
    database.close();
  }
}
