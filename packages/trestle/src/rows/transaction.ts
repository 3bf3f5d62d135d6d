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

  constructor(executor: Executor, attempt = 1) {
    this.#executor = executor;
    this.attempt = attempt;
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

/** Runs a write in the transaction of its context, else in one of its own. */
export async function inTransaction<T>(
  store: Store,
  context: Context,
  write: (transaction: OpenTransaction) => Promise<T>,
): Promise<T> {
  if (context.transaction) return write(opened(context.transaction));
  // A store may run the write again where the database undid it because of another: each time it is a new transaction.
  for (let attempt = 1; ; attempt += 1) {
    let own: OpenTransaction | undefined;
    try {
      const result = await store.write(async (executor) => {
        own = new OpenTransaction(executor, attempt);
        const value = await write(own);
        if (own.failure) throw own.failure.reason;
        return value;
      });
      for (const effect of own?.afterCommit ?? []) effect();
      return result;
    } catch (error) {
      // Code that has neither come to its end nor failed was given up.
      if (own && own.running.length > 0 && !own.failure) throw waitedElsewhere(own.running.join(', '), error);
      if (!own?.isRepeatable || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

/** Compiles what runs verbs of several services in one transaction. */
export function transactionRunner(store: Store): RunTransaction {
  return (context, write) =>
    inTransaction(store, context, (transaction) =>
      write({ caller: context.caller, origin: context.origin, transaction }),
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
