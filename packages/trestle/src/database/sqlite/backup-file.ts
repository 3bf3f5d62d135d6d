import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { messageOf } from '../../problems.ts';
import { StartError } from '../../start-error.ts';
import { unfinishedName } from '../leftovers.ts';
import { HISTORY } from '../migrations/history.ts';
import type { Reader } from '../store.ts';
import { Connection } from './connection.ts';
import { sqliteDialect } from './dialect.ts';
import { requireLog } from './server-lock.ts';

/** The contents of a backup. */
export interface Contents {
  readonly bytes: number;
  readonly tables: number;
  readonly rows: number;
}

/**
 * Writes what an SQLite file has at this moment into a new file, whole or not at all, while others go on writing: SQLite's
 * VACUUM INTO reads one snapshot, blocks no writer, and leaves out free pages. Then reads all of it back.
 * Throws `StartError` where it cannot be written or is not whole.
 */
export function backUpFile(file: string, path: string): Contents {
  const unfinished = unfinishedName(path);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  rmSync(unfinished, { force: true });
  requireLog(file);
  closeSync(openSync(unfinished, 'wx', 0o600));
  try {
    const database = new DatabaseSync(file, { readOnly: true, timeout: 5000 });
    try {
      database.prepare('vacuum into ?').run(unfinished);
    } finally {
      database.close();
    }
    syncPath(unfinished);
    const checked = checkFileDeep(unfinished);
    renameSync(unfinished, path);
    syncPath(dirname(path));
    return checked;
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error instanceof StartError
      ? error
      : new StartError(`${file} cannot be copied to ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * Reads every page, index and reference of a file. Throws `StartError` for one that is not whole, or not
 * ours.
 * @param shown what messages call it.
 */
export function checkFileDeep(file: string, shown = file): Contents {
  try {
    const database = new DatabaseSync(file, { readOnly: true });
    try {
      const [found] = database.prepare('pragma integrity_check(1)').all();
      if (found?.integrity_check !== 'ok')
        throw new StartError(`${shown} is damaged: ${found?.integrity_check}`);
      const broken = database.prepare('pragma foreign_key_check').all();
      if (broken.length > 0)
        throw new StartError(`${shown} is damaged: ${broken.length} rows refer to rows that are not there`);
      const names =
        "select name from sqlite_schema where type = 'table' and name not like 'sqlite\\_%' escape '\\'";
      const tables = database
        .prepare(names)
        .all()
        .map(({ name }) => String(name));
      if (!tables.includes(HISTORY.name)) throw new StartError(`${shown} is no database of Trestle`);
      const rows = tables.map(
        (name) =>
          database.prepare(`select count(*) as found from "${name.replaceAll('"', '""')}"`).all()[0]?.found,
      );
      return {
        bytes: statSync(file).size,
        tables: tables.length,
        rows: rows.reduce<number>((sum, found) => sum + Number(found), 0),
      };
    } finally {
      database.close();
    }
  } catch (error) {
    throw error instanceof StartError
      ? error
      : new StartError(`${shown} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

/** Writes a file, or what a folder lists, to the disk. */
export function syncPath(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Reads a file that nobody writes. */
export async function readFile<T>(file: string, read: (reader: Reader) => Promise<T>): Promise<T> {
  const database = new DatabaseSync(file, { readOnly: true });
  const connection = new Connection(database);
  try {
    return await read({
      dialect: sqliteDialect,
      all: (statement, values) => connection.all(statement, values),
    });
  } finally {
    database.close();
  }
}
