import type { Statement } from '../database/statement.ts';
import { type Columns, type Executor, type Store, type Value, waitedElsewhere } from '../database/store.ts';
import { Problem } from '../problems.ts';
import { type Context, type RunTransaction, TRANSACTION, type Transaction } from '../schema/caller.ts';

/** Calls of own code inside one another; code that calls itself without end is stopped there. */
const MAX_DEPTH = 16;
/** How often a transaction is run that lost a race which is won by another try. */
const MAX_ATTEMPTS = 5;

/** A transaction as services use it: the statements that run in it, and what is to be done once it is committed. */
export class OpenTransaction implements Transaction, Executor {
  readonly [TRANSACTION] = true;
  readonly #executor: Executor;
  /** Runs in the transaction when all else in it is done. */
  readonly beforeCommit: (() => Promise<void>)[] = [];
  /** Runs after the commit, not where the transaction is undone. They must not throw: the rows are on disk by then. */
  readonly afterCommit: (() => void)[] = [];
  /** Names of the app's code that runs in it, the outermost first. */
  readonly running: string[] = [];
  /** The first failure of the app's code in it, which undoes the transaction also where it was caught. */
  failure: { readonly reason: unknown } | undefined;
  /** How often it has been run, this time included. */
  readonly attempt: number;
  /** Set where it failed and another try may succeed. */
  isRepeatable = false;
  /** Results of the code that ran before it; undefined where that runs in it. */
  readonly before: { readonly results: readonly unknown[]; used: number } | undefined;

  constructor(executor: Executor, attempt = 1, before?: readonly unknown[]) {
    this.#executor = executor;
    this.attempt = attempt;
    this.before = before && { results: before, used: 0 };
  }

  all(statement: Statement, values: readonly Value[]): Columns[] | Promise<Columns[]> {
    return this.#executor.all(statement, values);
  }

  /** Runs code of the app as a part of the transaction. */
  async run(name: string, code: () => Promise<unknown>): Promise<void> {
    this.running.push(name);
    try {
      if (this.running.length > MAX_DEPTH)
        throw new Problem('internal', {
          cause: new Error(`own code calls itself without end: ${this.running.slice(-3).join(', ')}`),
        });
      await code();
      this.running.pop();
    } catch (reason) {
      this.failure ??= { reason };
      throw reason;
    }
  }
}

/** Code that is to run before a transaction that came to need it. */
class RunBefore extends Error {
  readonly run: () => Promise<unknown>;

  constructor(run: () => Promise<unknown>) {
    super('a transaction is undone for code that runs before it');
    this.run = run;
  }
}

/**
 * Runs a write in the transaction of its context, else in one of its own.
 *
 * @param options `before`: `before` code of the app runs before the transaction, though that was opened for several writes
 * (default: in it, under the rules of `within`).
 */
export async function inTransaction<T>(
  store: Store,
  context: Context,
  write: (transaction: OpenTransaction) => Promise<T>,
  options: { before?: boolean } = {},
): Promise<T> {
  if (context.transaction) return write(opened(context.transaction));
  // A store may run the write again where the database undid it because of another: each time it is a new transaction.
  const before: unknown[] | undefined = options.before ? [] : undefined;
  for (let attempt = 1; ; attempt += 1) {
    let own: OpenTransaction | undefined;
    try {
      const result = await store.write(async (executor) => {
        own = new OpenTransaction(executor, attempt, before);
        const value = await write(own);
        if (own.failure) throw own.failure.reason;
        for (const step of own.beforeCommit) await step();
        return value;
      });
      for (const effect of own?.afterCommit ?? []) effect();
      return result;
    } catch (error) {
      if (error instanceof RunBefore && before) {
        attempt -= 1;
        before.push(await error.run());
        continue;
      }
      // Code that has neither come to its end nor failed was given up.
      if (own && own.running.length > 0 && !own.failure) throw waitedElsewhere(own.running.join(', '), error);
      if (!own?.isRepeatable || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

/** Runs code that comes before a write: outside of its transaction, though that is open already where it is of several writes. */
export async function beforeWrite<T>(context: Context, run: (context: Context) => Promise<T>): Promise<T> {
  const before = context.transaction && opened(context.transaction).before;
  if (!before) return run(context);
  const { caller, origin } = context;
  before.used += 1;
  if (before.used > before.results.length)
    throw new RunBefore(() => run({ caller, ...(origin && { origin }) }));
  // The writes of a transaction come in the same order each time.
  return before.results[before.used - 1] as T;
}

/** Compiles what runs verbs of several services in one transaction. */
export function transactionRunner(store: Store): RunTransaction {
  return (context, write) =>
    inTransaction(
      store,
      context,
      (transaction) => write({ caller: context.caller, origin: context.origin, transaction }),
      { before: true },
    );
}

/** The executor of a context's reads: its transaction's, which sees what it has written, else the store. */
export function readerOf(store: Store, { transaction }: Context): Executor {
  return transaction ? opened(transaction) : store;
}

function opened(transaction: Transaction): OpenTransaction {
  if (transaction instanceof OpenTransaction) return transaction;
  throw new TypeError('the context holds a transaction that no service has opened');
}
