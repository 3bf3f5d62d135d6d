import { appendFileSync, closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { StartError } from '../../start-error.ts';
import { damaged } from './check-file.ts';
import { isBusy } from './errors.ts';

/** How a server has a database: alone, or beside others that share it. */
export type ServerMode = 'alone' | 'shared';

/** How long a lock that another process takes for a moment is waited for, in milliseconds. */
const LOCK_TIMEOUT_MS = 250;

/**
 * The files beside `NAME.db` while it is served: a lock on the empty file `NAME.db.lock`, which the operating system gives back
 * however the process ends, and `NAME.db.pid` with the ids of the serving processes. A `.pid` without a lock tells that the
 * last server was not stopped cleanly.
 */
export class ServerLock {
  readonly #pids: string;
  readonly #database: DatabaseSync;

  private constructor(file: string) {
    this.#pids = `${file}.pid`;
    const path = `${file}.lock`;
    if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600));
    this.#database = new DatabaseSync(path, { timeout: LOCK_TIMEOUT_MS });
  }

  /** Throws `StartError` naming the process that serves the file already, unless both share it. */
  static take(file: string, mode: ServerMode): ServerLock {
    const lock = new ServerLock(file);
    if (lock.#acquire(EXCLUSIVE)) {
      rmSync(lock.#pids, { force: true });
      if (mode === 'alone' || lock.#acquire(SHARED)) return lock;
    } else if (mode === 'shared' && lock.#acquire(SHARED)) return lock;
    lock.release();
    const ids = existsSync(lock.#pids) ? readFileSync(lock.#pids, 'utf8').trim().split('\n').join(', ') : '';
    throw new StartError(
      `${file} is served by another process already${ids && ` (pid ${ids})`}. Stop it first; or let several servers share ` +
        'the data, each started with --shared.',
    );
  }

  /** Whether a server has the file. */
  static isTaken(file: string): boolean {
    if (!existsSync(`${file}.lock`)) return false;
    const lock = new ServerLock(file);
    try {
      return !lock.#acquire(EXCLUSIVE);
    } finally {
      lock.release();
    }
  }

  /** Writes this process down as one that serves the file. */
  begin(): void {
    appendFileSync(this.#pids, `${process.pid}\n`, { mode: 0o600 });
  }

  /** Notes a clean stop; where several share the file, that of the last one. */
  end(): void {
    if (this.#acquire(EXCLUSIVE)) rmSync(this.#pids, { force: true });
  }

  release(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #acquire(begin: string): boolean {
    try {
      if (this.#database.isTransaction) this.#database.exec('rollback');
      this.#database.exec(begin);
      return true;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('rollback');
      if (isBusy(error)) return false;
      throw error;
    }
  }
}

const EXCLUSIVE = 'begin exclusive';
/** A reading transaction has the lock until it ends. */
const SHARED = 'begin; select count(*) from sqlite_schema';

/**
 * Throws `StartError` where the last server was not stopped cleanly and its log is gone: SQLite keeps the `-wal` then, with
 * commits that are not in the file yet, and would go on without them in silence.
 */
export function requireLog(file: string): void {
  if (existsSync(`${file}.pid`) && !existsSync(`${file}-wal`))
    throw damaged(
      file,
      'its server was not stopped cleanly, and the log (-wal) with the last commits is gone',
      `Put the log back, or restore a backup; to go on without those commits, remove ${file}.pid.`,
    );
}

/** After an unclean stop, when the log has been read: from now on nothing is missed where it is gone. */
export function forgetUncleanStop(file: string): void {
  if (existsSync(`${file}.pid`) && !ServerLock.isTaken(file)) rmSync(`${file}.pid`, { force: true });
}

/** Whether a server has the file open, or any process that is connected to it. Ask before this process opens it. */
export function isInUse(file: string): boolean {
  if (ServerLock.isTaken(file)) return true;
  // After an unclean stop, the last connection that closes would take the log away.
  if (!existsSync(file) || existsSync(`${file}.pid`)) return false;
  const database = new DatabaseSync(file, { timeout: LOCK_TIMEOUT_MS });
  try {
    // In WAL mode each connection holds a lock for as long as it is open, so that nobody else gets the exclusive one.
    database.exec('pragma locking_mode = exclusive; begin exclusive; rollback');
    return false;
  } catch (error) {
    // Whatever else is wrong with it, whoever opens it will say so.
    return isBusy(error);
  } finally {
    database.close();
  }
}
