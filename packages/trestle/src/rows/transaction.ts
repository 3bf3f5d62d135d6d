import type { Executor, Store, WriteOptions } from '../database/store.ts';
import { type Context, TRANSACTION, type Transaction } from '../schema/context.ts';

/** A transaction as services use it: the statements that run in it. */
class OpenTransaction implements Transaction {
  readonly [TRANSACTION] = true;
  readonly executor: Executor;

  constructor(executor: Executor) {
    this.executor = executor;
  }
}

/** Runs a write in the transaction of its context, else in one of its own. */
export function inTransaction<T>(
  store: Store,
  context: Context,
  write: (executor: Executor) => Promise<T>,
  options?: WriteOptions,
): Promise<T> {
  return context.transaction ? write(executorOf(context.transaction)) : store.write(write, options);
}

/** Runs the reads of a context: its transaction, which sees what it has written, else the store. */
export function readerOf(store: Store, { transaction }: Context): Executor {
  return transaction ? executorOf(transaction) : store;
}

function executorOf(transaction: Transaction): Executor {
  if (transaction instanceof OpenTransaction) return transaction.executor;
  throw new TypeError('the context holds a transaction that no service has opened');
}
