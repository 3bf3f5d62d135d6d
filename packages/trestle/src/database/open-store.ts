import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Dialect } from './dialect.ts';
import type { PostgresOptions } from './postgres/open-postgres.ts';

export type { Contents } from './sqlite/backup-file.ts';

import type { Store } from './store.ts';

/** Where the databases of apps are: a folder of SQLite files or, where a database is named, its schemas. */
export interface Location {
  /** The folder of SQLite files. */
  readonly data: string;
  /** A `postgres://` URL (default: none, SQLite in the data folder). */
  readonly database?: string | undefined;
}

export interface StoreOptions extends Location {
  /** The app's name: its file on SQLite, its schema on PostgreSQL. */
  name: string;
  /** Whether other processes write the same SQLite file (default: false). */
  shared?: boolean;
  /** Whether a server opens it, which is refused where another one has the SQLite file and not both share it (default: false). */
  serves?: boolean;
  /** Connections and times of PostgreSQL (default: those of `openPostgres`). */
  limits?: Pick<PostgresOptions, 'poolSize' | 'wait' | 'statementTimeout' | 'startTimeout'>;
  /** The application name of the connections in PostgreSQL (default: a server's, `trestle SCHEMA`). */
  application?: string;
  /** Called once where PostgreSQL does not answer yet and is waited for (30 s), with a sentence for the terminal. */
  waiting?: ((words: string) => void) | undefined;
  /** Called with errors of no request, for the log. */
  failed?: (error: unknown) => void;
}

/** How long a start waits for PostgreSQL: containers of one machine start in any order. */
const START_TIMEOUT_MS = 30_000;

/**
 * Opens the store of an app: PostgreSQL where a database is named, else one SQLite file, made where it is missing. This file
 * is the one that imports a concrete database, and only the one that is asked for. Throws `StartError`.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { name, data, database, shared = false, serves = false } = options;
  const { application, failed, waiting, limits } = options;
  if (database) {
    const { openPostgres } = await import('./postgres/open-postgres.ts');
    return openPostgres(database, {
      schema: schemaOf(name),
      startTimeout: START_TIMEOUT_MS,
      ...limits,
      ...(waiting && { waiting }),
      ...(application && { application: `${application} ${schemaOf(name)}` }),
      ...(failed && { failed }),
    });
  }
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const { openSqlite } = await import('./sqlite/open-sqlite.ts');
  return openSqlite(fileOf(data, name), {
    sharedReads: !shared,
    ...(serves && { server: shared ? 'shared' : 'alone' }),
  });
}

/** Whether a server uses an app's database, as far as can be seen. Ask before this process opens it. */
export async function isInUse({ data, database }: Location, name: string): Promise<boolean> {
  if (database) {
    const { isInUse } = await import('./postgres/in-use.ts');
    return isInUse(database, schemaOf(name));
  }
  const { isInUse } = await import('./sqlite/server-lock.ts');
  return isInUse(fileOf(data, name));
}

/** Whether an app may have a database there: of PostgreSQL only a connection tells. */
export function mayExist({ data, database }: Location, name: string): boolean {
  return database !== undefined || existsSync(fileOf(data, name));
}

/** A location for people, without a password. */
export function locationWords({ data, database }: Location): string {
  return database === undefined ? data : (database.split('?', 1)[0]?.replace(/\/\/[^@/]*@/, '//') ?? '');
}

/** An app's part of a location, for people. */
export function databaseWords(at: Location, name: string): string {
  return at.database ? `${locationWords(at)} (schema ${schemaOf(name)})` : fileOf(at.data, name);
}

/** The dialect of a database that is not there yet, for its plan. Only SQLite's can be known without connecting. */
export async function sqliteDialect(): Promise<Dialect> {
  return (await import('./sqlite/dialect.ts')).sqliteDialect;
}

/** Backup, restore and check of SQLite files, for commands: backups of PostgreSQL are such files too. */
export async function sqliteFiles() {
  const [{ openSqlite }, backup, { prepareRestore }, { checkFileWhole }] = await Promise.all([
    import('./sqlite/open-sqlite.ts'),
    import('./sqlite/backup-file.ts'),
    import('./sqlite/restore-file.ts'),
    import('./sqlite/check-file.ts'),
  ]);
  return { ...backup, openSqlite, prepareRestore, checkFileWhole };
}

/** The SQLite file of an app. */
export function fileOf(data: string, name: string): string {
  return join(data, `${name}.db`);
}

/** The file whose time of change is that of an app's last backup. */
export function lastBackupOf(data: string, name: string): string {
  return join(data, `${name}.last-backup`);
}

/** The PostgreSQL schema of an app. */
export function schemaOf(name: string): string {
  return name.replaceAll('-', '_');
}
