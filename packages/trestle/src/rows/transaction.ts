import type { Statement } from '../database/statement.ts';
import type { Columns, Executor, Store, Value } from '../database/store.ts';
import { type Context, type RunTransaction, TRANSACTION, type Transaction } from '../schema/caller.ts';

/** A transaction as services use it: the statements that run in it, and what is to be done once it is committed. */
export class OpenTransaction implements Transaction, Executor {
  readonly [TRANSACTION] = true;
  readonly #executor: Executor;
  /** Runs after the commit, not where the transaction is undone. They must not throw: the rows are on disk by then. */
  readonly afterCommit: (() => void)[] = [];

  constructor(executor: Executor) {
    this.#executor = executor;
  }

  all(statement: Statement, values: readonly Value[]): Columns[] | Promise<Columns[]> {
    return this.#executor.all(statement, values);
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
  let own: OpenTransaction | undefined;
  const result = await store.write((executor) => {
    own = new OpenTransaction(executor);
    return write(own);
  });
  for (const effect of own?.afterCommit ?? []) effect();
  return result;
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
