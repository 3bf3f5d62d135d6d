import { setImmediate as nextTick } from 'node:timers/promises';
import { Problem } from '../../problems.ts';
import type { Statement } from '../statement.ts';
import { type Columns, type Executor, type Value, type Work, waitedElsewhere } from '../store.ts';
import type { Connection } from './connection.ts';
import { isBusy, sqliteProblem, storageFault } from './errors.ts';

/**
 * Works in one commit at the most; more wait for the next, so that no answer waits long. With 512 writers, groups of 64 gave
 * reads a p99 of 9 ms in place of 18, for a fifth less writes.
 */
const MAX_GROUP_SIZE = 256;
/** How long a group waits for another process's commit before its works are refused, in milliseconds. */
const BUSY_LIMIT = 5000;

/** Between two small writes that ask whether the disk takes writes again, in milliseconds. */
const RETRY_MS = 200;

interface Hooks {
  /** Called before each commit; throws where it would be lost. */
  verify(): void;
  /** Called after each commit, before its writes are answered. */
  committed(): void;
  /** Reads all pages; throws where some are damaged, or too many to be read now. */
  verifyPages(): void;
}

/** A write to commit: a single statement, or several that are undone together. */
type Write<T> =
  | { readonly statement: Statement; readonly values: readonly Value[] }
  | { readonly work: Work<T> };

interface Pending {
  readonly write: Write<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
  value?: unknown;
  failure?: { readonly reason: unknown };
}

/**
 * Commits together what arrives together. The works of one turn of the event loop run one after another, each in a
 * savepoint, inside one transaction with one fsync; every one is answered only after that commit. A work that throws is
 * rolled back to its savepoint and harms no other. With synchronous=FULL this gave 19,600 creates a second where one
 * commit each gave 2,800. A single statement needs no savepoint (2 to 4 µs): SQLite itself undoes one that fails
 * (https://www.sqlite.org/lang_conflict.html, ABORT).
 */
export class GroupCommit {
  readonly #connection: Connection;
  readonly #hooks: Hooks;
  #queue: Pending[] = [];
  #running: Promise<void> | undefined;
  /** The error after which nothing may be written any more. */
  broken: unknown;
  /** The error of the last write that the disk did not take, until a small write succeeds. */
  refused: unknown;
  #triedAt = 0;
  /** Commits and works so far: their ratio is the size of a group. */
  commits = 0;
  works = 0;
  /** Ends the write that is being performed and has not come back. */
  #endStalled: (() => void) | undefined;
  #watching = false;

  constructor(connection: Connection, hooks: Hooks) {
    this.#connection = connection;
    this.#hooks = hooks;
  }

  /** Performs a write in the next commit, in its turn. A single statement answers its rows. */
  accept<T>(write: Write<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    // The queue holds writes of many types; each value goes back to the promise of its own write.
    this.#queue.push({ write, resolve: resolve as Pending['resolve'], reject });
    this.#running ??= nextTick().then(this.#drain);
    return promise;
  }

  /** Writes that wait for a commit. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Resolves when everything accepted so far is answered. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  /** Where a write was refused, makes a small one, unless one was made just now; `refused` shows the outcome. */
  retry(): void {
    const now = performance.now();
    if (this.refused === undefined || now - this.#triedAt < RETRY_MS) return;
    const { database } = this.#connection;
    if (database.isTransaction) return;
    this.#triedAt = now;
    try {
      if (storageFault(this.refused) === 'damaged') this.#hooks.verifyPages();
      database.exec('begin immediate');
      const [row] = database.prepare('pragma user_version').all();
      // Writes the first page, though the value stays.
      database.exec(`pragma user_version = ${Number(row?.user_version)}; commit`);
      this.refused = undefined;
    } catch (error) {
      if (database.isTransaction) database.exec('rollback');
      this.#note(error);
    }
  }

  #note(error: unknown): void {
    const fault = storageFault(error);
    if (fault === 'lost') this.broken ??= error;
    else if (fault !== undefined) this.refused = error;
  }

  readonly #drain = async (): Promise<void> => {
    while (this.#queue.length > 0) {
      const group = this.#queue.splice(0, MAX_GROUP_SIZE);
      try {
        if (this.broken) throw this.broken;
        await this.#begin();
        try {
          await this.#perform(group);
          this.#hooks.verify();
          this.#connection.prepare('commit').prepared.run();
        } catch (error) {
          if (this.#connection.database.isTransaction) this.#connection.prepare('rollback').prepared.run();
          throw error;
        }
        this.commits += 1;
        this.works += group.length;
        this.#hooks.committed();
        for (const { failure, resolve, reject, value } of group)
          if (failure) reject(failure.reason);
          else resolve(value);
      } catch (error) {
        this.#note(error);
        const problem = sqliteProblem(error);
        for (const pending of group) pending.reject(problem);
      }
      // Between two groups answers go out and reads come in: the slowest hundredth of 512 writers waits 50 ms, not 1,300.
      if (this.#queue.length > 0) await nextTick();
    }
    this.#running = undefined;
  };

  /** Takes the write lock; while another process holds it, waits without blocking the event loop. */
  async #begin(): Promise<void> {
    const deadline = Date.now() + BUSY_LIMIT;
    for (let pause = 1; ; pause = Math.min(pause * 2, 20)) {
      try {
        this.#connection.prepare('begin immediate').prepared.run();
        return;
      } catch (error) {
        if (!isBusy(error) || Date.now() > deadline) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, pause * Math.random()));
    }
  }

  /** Performs the writes of a group: a statement by itself, a work in a savepoint, which undoes it where one of its statements fails. */
  async #perform(group: readonly Pending[]): Promise<void> {
    const connection = this.#connection;
    for (const pending of group) {
      const { write } = pending;
      let transaction: OpenTransaction | undefined;
      try {
        if (!('work' in write)) {
          pending.value = connection.all(write.statement, write.values);
          continue;
        }
        connection.prepare('savepoint work').prepared.run();
        transaction = new OpenTransaction(connection);
        const running = write.work(transaction);
        pending.value = running instanceof Promise ? await this.#settled(running) : running;
        if (transaction.failure) throw transaction.failure.reason;
        connection.prepare('release work').prepared.run();
      } catch (reason) {
        // A full disk or a failed write makes SQLite roll the whole transaction back: then every work of the group failed.
        if (!connection.database.isTransaction) throw reason;
        if (transaction) {
          connection.prepare('rollback to work').prepared.run();
          connection.prepare('release work').prepared.run();
        }
        this.#note(reason);
        pending.failure = { reason };
      } finally {
        this.#endStalled = undefined;
        if (transaction) transaction.connection = undefined;
      }
    }
  }

  /**
   * The value of a work, which may wait for its own statements alone. These are answered at once, so it has come to its end when
   * the microtasks have run out; one that has not by then waits for something else, and would hold up all others.
   */
  #settled<T>(running: Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    running.then(resolve, reject);
    this.#endStalled = () => reject(waitedElsewhere());
    // One watch serves the works that run while it waits: this costs a work less than 0.1 µs.
    if (!this.#watching) {
      this.#watching = true;
      process.nextTick(() => {
        this.#watching = false;
        this.#endStalled?.();
      });
    }
    return promise;
  }
}

/** The connection for as long as one work runs; afterwards it refuses, so that no statement slips into another's savepoint. */
class OpenTransaction implements Executor {
  connection: Connection | undefined;
  /** The first statement's failure: as on PostgreSQL it undoes the work, also where the work caught it. */
  failure: { readonly reason: unknown } | undefined;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  all(statement: Statement, values: readonly Value[]): Columns[] {
    if (!this.connection)
      throw new Problem('internal', {
        cause: new Error(`this transaction has ended; not run: ${statement.sql}`),
      });
    try {
      return this.connection.all(statement, values);
    } catch (reason) {
      this.failure ??= { reason };
      throw reason;
    }
  }
}
