import { join } from 'node:path';
import { openSqlite } from './sqlite/open-sqlite.ts';
import type { Store } from './store.ts';

export interface StoreOptions {
  /** The app's name: its file on SQLite, its schema on PostgreSQL. */
  name: string;
  /** The folder of SQLite files. */
  data: string;
  /** A `postgres://` URL (default: none, SQLite in the data folder). */
  database?: string | undefined;
  /** Whether other processes write the same SQLite file (default: false). */
  shared?: boolean;
  /** Told of errors behind the scenes, for the log. */
  failed?: (error: unknown) => void;
}

/** Opens the store of an app: PostgreSQL where a database is named, else one SQLite file. Throws `StartError`. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { name, data, database, shared = false, failed } = options;
  if (database) {
    const { openPostgres } = await import('./postgres/open-postgres.ts');
    return openPostgres(database, { schema: schemaOf(name), ...(failed && { failed }) });
  }
  return openSqlite(fileOf(data, name), { sharedReads: !shared });
}

/** The SQLite file of an app. */
export function fileOf(data: string, name: string): string {
  return join(data, `${name}.db`);
}

/** The PostgreSQL schema of an app. */
export function schemaOf(name: string): string {
  return name.replaceAll('-', '_');
}
