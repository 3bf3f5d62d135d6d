import { chmodSync, closeSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { StartError } from '../../start-error.ts';
import type { ExclusiveTransaction } from '../store.ts';
import { Connection } from './connection.ts';
import { isBusy } from './errors.ts';

/**
 * One transaction on a connection of its own, because references must be off: rebuilding a table drops the old one,
 * and that would delete the rows that refer to it. They can only be turned off outside of a transaction.
 */
export async function exclusive<T>(
  file: string,
  wait: number,
  write: (transaction: ExclusiveTransaction) => Promise<T>,
): Promise<T> {
  const database = new DatabaseSync(file, { enableForeignKeyConstraints: false, timeout: 0 });
  const connection = new Connection(database);
  try {
    database.exec('pragma synchronous = full; pragma trusted_schema = off; pragma legacy_alter_table = off');
    await begin(database, wait);
    const result = await write({
      all: (statement, values) => connection.all(statement, values),
      backup: (now) => backup(file, now),
    });
    const broken = database.prepare('pragma foreign_key_check').all();
    const [first] = broken;
    if (first)
      throw new StartError(
        `${broken.length} rows would refer to rows that are not there, the first in ${first.table} to ${first.parent}. Nothing was changed.`,
      );
    database.exec('commit');
    return result;
  } finally {
    // Closing rolls back what was not committed.
    database.close();
    // The store's reads of one tick of the event loop share a snapshot: the next ones are to see the new tables.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Takes the write lock, waiting without blocking the event loop: the other writer may be in this very process. */
async function begin(database: DatabaseSync, wait: number): Promise<void> {
  for (const deadline = Date.now() + wait; ; ) {
    try {
      database.exec('begin immediate');
      return;
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (Date.now() > deadline)
        throw new StartError(
          `Another process has been writing to the database for ${wait / 1000} s. Stop it, or wait, and start again.`,
          { cause: error },
        );
    }
    await pause(1 + Math.random() * 10);
  }
}

/** Called while the write lock is held, so the copy is exactly what the migration starts from. */
function backup(file: string, now: string): string {
  const path = `${file}.${now.replaceAll(':', '-')}.backup`;
  const unfinished = `${file}.${process.pid}.part`;
  rmSync(unfinished, { force: true });
  closeSync(openSync(unfinished, 'wx', 0o600));
  const database = new DatabaseSync(file, { readOnly: true, timeout: 5000 });
  try {
    database.prepare('vacuum into ?').run(unfinished);
  } finally {
    database.close();
  }
  chmodSync(unfinished, statSync(file).mode & 0o777);
  sync(unfinished);
  renameSync(unfinished, path);
  sync(dirname(path));
  return path;
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
