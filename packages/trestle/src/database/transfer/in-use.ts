import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { sql } from '../sql.ts';
import { isBusy } from '../sqlite/errors.ts';
import { statement } from '../statement.ts';
import type { Store } from '../store.ts';

/**
 * Whether another process has an SQLite file open: in WAL mode each holds a lock on it for as long as it is connected, so
 * that nobody else gets the exclusive one. Ask before this process opens the file itself.
 */
export function isFileInUse(file: string): boolean {
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

/** Whether a server is connected to a schema, as far as PostgreSQL shows this user the sessions of others. */
export async function isSchemaInUse(store: Store): Promise<boolean> {
  const serving = sql`select count(*) as found from pg_stat_activity
    where datname = current_database() and application_name = 'trestle ' || current_schema()`;
  const [row] = await store.all(statement(store.dialect, serving), []);
  return Number(row?.found) > 0;
}
