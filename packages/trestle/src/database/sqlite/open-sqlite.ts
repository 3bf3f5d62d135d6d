import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StartError } from '../../start-error.ts';
import { checkAtStart, makeFile, openingError, removeLeftovers } from './check-file.ts';
import { Connection } from './connection.ts';
import { forgetUncleanStop, requireLog, ServerLock, type ServerMode } from './server-lock.ts';
import { SqliteStore } from './sqlite-store.ts';

/** The first SQLite without the WAL-reset race (https://www.sqlite.org/wal.html#walresetbug). */
const MIN_VERSION = [3, 51, 3] as const;

export interface SqliteOptions {
  /** `full`: a commit is on disk before it is answered (default). `normal`: the last moments may be lost on a power cut. */
  synchronous?: 'full' | 'normal';
  /** Reads of one turn of the event loop share a snapshot (default: true). Turn off where other processes write the file. */
  sharedReads?: boolean;
  /** Milliseconds that a long read may take (default: 5,000). */
  scanTimeout?: number;
  /** Given by a server, which is refused where another one has the file (default: none of both is asked). */
  server?: ServerMode;
}

/** Opens one app's database file, made where it is missing. Throws `StartError` for a damaged file or too old a SQLite. */
export function openSqlite(file: string, options: SqliteOptions = {}): SqliteStore {
  const { synchronous = 'full', sharedReads = true, scanTimeout, server } = options;
  mkdirSync(dirname(file), { recursive: true });
  makeFile(file);
  requireLog(file);
  const lock = server && ServerLock.take(file, server);
  const opened: Connection[] = [];
  try {
    removeLeftovers(file);
    const writer = connect(
      file,
      `pragma journal_mode = wal; pragma synchronous = ${synchronous}; pragma busy_timeout = 0`,
    );
    opened.push(writer);
    checkVersion(writer);
    checkAtStart(file, writer.database);
    const reader = connect(file, 'pragma query_only = on; pragma busy_timeout = 5000');
    if (lock) lock.begin();
    else forgetUncleanStop(file);
    return new SqliteStore({ file: resolve(file), writer, reader, sharedReads, scanTimeout, lock });
  } catch (error) {
    for (const connection of opened) connection.close();
    lock?.release();
    throw openingError(file, error);
  }
}

function connect(file: string, pragmas: string): Connection {
  const database = new DatabaseSync(file, { enableForeignKeyConstraints: true, timeout: 5000 });
  try {
    database.exec(`pragma trusted_schema = off; pragma journal_size_limit = ${64 * 1024 * 1024}; ${pragmas}`);
    return new Connection(database);
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Asks the loaded library itself: a distribution's Node may bring an older one than Node was released with. */
function checkVersion(connection: Connection): void {
  const row = connection.database.prepare('select sqlite_version() as version').all()[0];
  const version = String(row?.version);
  const parts = version.split('.').map(Number);
  for (const [at, minimum] of MIN_VERSION.entries()) {
    const part = parts[at] ?? 0;
    if (part > minimum) return;
    if (part < minimum)
      throw new StartError(
        `This Node runs SQLite ${version}, which can damage a database that two connections write; 3.51.3 or later is needed. Use Node 24.16 or later.`,
      );
  }
}
