import { exclusivePostgres } from '../postgres/exclusive-postgres.ts';
import { exclusiveSqlite } from '../sqlite/exclusive-sqlite.ts';
import type { Executor, Store } from '../store.ts';

/** What a migration needs of a database beyond what a store does: to be alone, and a way back. */
export interface Exclusive {
  /** Runs work in one transaction, while no other process migrates. Waits for one that does. */
  run<T>(work: (transaction: Executor) => Promise<T>): Promise<T>;
  /** Writes a copy of what is committed and answers its path; undefined where that is the operator's (PostgreSQL). */
  backup(now: string): string | undefined;
}

/** @param wait the longest wait for another process, in ms. */
export async function exclusive(store: Store, wait: number): Promise<Exclusive> {
  return store.dialect.name === 'sqlite'
    ? await exclusiveSqlite(store, wait)
    : exclusivePostgres(store, wait);
}
