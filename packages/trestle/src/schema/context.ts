import type { Caller } from './caller.ts';

/** Marks a transaction. Not exported to users, so that none can be made up. */
export const TRANSACTION: unique symbol = Symbol('transaction');

/**
 * An open transaction over all resources of an app. Every verb that is given it belongs to it: all of them are committed
 * together, or none. Only services use what is in it.
 */
export interface Transaction {
  readonly [TRANSACTION]: true;
}

/** Who calls a verb, and in which transaction (default: one of its own). Every `RouteRequest` is a context. */
export interface Context {
  readonly caller: Caller;
  readonly transaction?: Transaction;
}
