import type { Statement } from '../statement.ts';
import { type Columns, type Executor, type Value, type Work, waitedElsewhere } from '../store.ts';
import { run, type Session } from './connections/connection-pool.ts';
import { faultOf, perhapsWritten, postgresProblem, spoilsSession } from './faults.ts';

/** How a transaction ended that did not commit, or may not have. */
export class TransactionFailed extends Error {
  /** The error for the caller. */
  readonly problem: unknown;
  /** The same work may be tried again: it was undone for sure, and not by its own fault. */
  readonly repeatable: boolean;
  /** The connection must not be used again. */
  readonly spoiled: boolean;

  constructor(problem: unknown, { repeatable = false, spoiled = false } = {}) {
    super('the transaction failed', { cause: problem });
    this.problem = problem;
    this.repeatable = repeatable;
    this.spoiled = spoiled;
  }
}

/** How long the work of a connection that has ended is waited for. */
const GIVE_UP_MS = 1_000;

export interface TransactionOptions {
  /** Longest wait for each answer, in ms (0: for ever). */
  readonly patience: number;
  /** SQL that is run with BEGIN. */
  readonly settings?: string;
  /** Told of every statement. */
  readonly count: () => void;
  /** Told of every error of a statement or a commit. */
  readonly failed: (error: unknown) => void;
}

/**
 * One transaction on one connection. BEGIN is sent together with the first statement, so a write of one statement takes
 * two round trips. A statement that failed undoes the work even where the work caught its error, as PostgreSQL demands.
 */
export class Transaction implements Executor {
  readonly #session: Session;
  readonly #options: TransactionOptions;
  #begun = false;
  /** The first statement that failed. */
  #failed: { error: unknown; problem: unknown } | undefined;

  constructor(session: Session, options: TransactionOptions) {
    this.#session = session;
    this.#options = options;
  }

  /** Runs the work and commits. Throws `TransactionFailed`, and nothing else. */
  async perform<T>(work: Work<T>): Promise<T> {
    let result: T;
    try {
      result = await this.#whileConnected(work);
      if (this.#failed) throw this.#failed.problem;
    } catch (thrown) {
      const fault = this.#failed && faultOf(this.#failed.error);
      const isOpen = this.#begun && fault !== 'lost';
      // Where the rollback has no answer the server undoes it all the same, but the connection is of no more use.
      const ended =
        !isOpen ||
        (await this.#control('rollback').then(
          () => true,
          () => false,
        ));
      const spoiled = !ended || (this.#failed !== undefined && spoilsSession(this.#failed.error));
      throw new TransactionFailed(thrown, { repeatable: fault === 'lost' || fault === 'again', spoiled });
    }
    await this.#commit();
    return result;
  }

  /** Runs the work, and gives it up where it waits for something else long after its connection has ended. */
  async #whileConnected<T>(work: Work<T>): Promise<T> {
    const { promise: gone, reject } = Promise.withResolvers<never>();
    let timer: NodeJS.Timeout | undefined;
    // The next statement of a work that comes back learns of the end by itself.
    const end = () => {
      timer = setTimeout(() => reject(waitedElsewhere()), GIVE_UP_MS);
    };
    this.#session.once('end', end);
    try {
      return await Promise.race([work(this), gone]);
    } finally {
      this.#session.off('end', end);
      clearTimeout(timer);
    }
  }

  async all(statement: Statement, values: readonly Value[]): Promise<Columns[]> {
    if (this.#failed) throw this.#failed.problem;
    this.#options.count();
    const { stream } = this.#session.connection;
    stream.cork();
    if (!this.#begun) {
      this.#begun = true;
      const { settings } = this.#options;
      this.#session
        .query(settings ? `begin; ${settings}` : 'begin')
        .catch((error: unknown) => this.#fail(error));
    }
    const answer = run(this.#session, statement, values, this.#options.patience);
    stream.uncork();
    try {
      return await answer;
    } catch (error) {
      throw this.#fail(error, statement.sql);
    }
  }

  #fail(error: unknown, sql?: string): unknown {
    this.#options.failed(error);
    this.#failed ??= { error, problem: postgresProblem(error, sql) };
    return this.#failed.problem;
  }

  async #commit(): Promise<void> {
    if (!this.#begun) return;
    try {
      await this.#control('commit');
    } catch (error) {
      this.#options.failed(error);
      // An answer with an SQLSTATE (a deferred constraint, a conflict) says that it was undone; silence says nothing.
      const fault = faultOf(error);
      if (fault === 'lost') throw new TransactionFailed(perhapsWritten(error), { spoiled: true });
      throw new TransactionFailed(postgresProblem(error), {
        repeatable: fault === 'again',
        spoiled: spoilsSession(error),
      });
    }
  }

  #control(text: 'commit' | 'rollback'): Promise<unknown> {
    const query = { text, query_timeout: this.#options.patience };
    return this.#session.query(query);
  }
}
