import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { isBusy } from './errors.ts';

/**
 * Whether another process has an SQLite file open: in WAL mode each holds a lock on it for as long as it is connected, so
 * that nobody else gets the exclusive one. Ask before this process opens the file itself.
 */
export function isInUse(file: string): boolean {
  if (!existsSync(file)) return false;
  const database = new DatabaseSync(file, { timeout: 250 });
  try {
    database.exec('pragma locking_mode = exclusive; begin exclusive; rollback');
    return false;
  } catch (error) {
    // Whatever else is wrong with it, whoever opens it will say so.
    return isBusy(error);
  } finally {
    database.close();
  }
}
