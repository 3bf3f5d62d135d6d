import { bind, type Statement } from '../database/statement.ts';
import type { Columns, Executor, Store, Value } from '../database/store.ts';
import type { Model } from '../rows/model.ts';
import { anonymous, type Caller } from '../schema/caller.ts';
import type { RowId } from '../schema/id.ts';
import type { Changes } from './changes.ts';
import type { CompiledLifecycle } from './lifecycles/lifecycles.ts';
import type { OperationRecord } from './operation-record.ts';
import type { Statements } from './statements.ts';

/** What every part of operations works on. */
export interface Parts {
  readonly store: Store;
  readonly statements: Statements;
  readonly models: ReadonlyMap<string, Model>;
  readonly lifecycles: ReadonlyMap<string, CompiledLifecycle>;
  readonly changes: Changes;
  readonly limits: OperationLimits;
  readonly data: string;
  readonly log: OperationLog;
  record(columns: Columns): OperationRecord;
}

/** Told of what happens behind operations. */
export interface OperationLog {
  event(event: { event: string; [fact: string]: unknown }): void;
  failed(error: unknown): void;
}

export interface OperationLimits {
  /** Operations that this process runs at once (default: 4). */
  readonly concurrency: number;
  /** Seconds after which a silent process's operation is taken over (default: 30). */
  readonly lease: number;
  /** Seconds between heartbeats (default: 10). */
  readonly heartbeat: number;
  /** Seconds between looks for work that nobody told of (default: 1). */
  readonly poll: number;
  /** Attempts before an operation has failed (default: 5). */
  readonly attempts: number;
  /** Seconds to wait after a failed attempt, by its number (default: e^n, at most 600). */
  readonly pause: (attempt: number) => number;
  /** Seconds that closing waits for work to stop (default: 8). */
  readonly closing: number;
  /** Seconds between stored progress (default: 0.2). */
  readonly progress: number;
  /** Seconds that ended operations are kept (default: 30 days). */
  readonly kept: number;
  /** Event streams open at once, for each account and in all (default: 5, 1,000). */
  readonly streams: { readonly perAccount: number; readonly all: number };
}

export const DEFAULT_LIMITS: OperationLimits = {
  concurrency: 4,
  lease: 30,
  heartbeat: 10,
  poll: 1,
  attempts: 5,
  pause: (attempt) => Math.min(Math.exp(attempt), 600),
  closing: 8,
  progress: 0.2,
  kept: 30 * 86_400,
  streams: { perAccount: 5, all: 1000 },
};

/**
 * Runs a statement that changes operations, in a transaction of its own, and tells of each that it changed.
 * Answers them as they are now.
 */
export async function changeOperations(
  parts: Parts,
  change: Statement,
  values: Readonly<Record<string, Value>>,
): Promise<OperationRecord[]> {
  const changed = await parts.store.write((transaction) => changeWithin(parts, transaction, change, values));
  for (const { id } of changed) parts.changes.tell(id);
  return changed;
}

/** The same inside a transaction. This process is to be told after its commit. */
export async function changeWithin(
  parts: Parts,
  transaction: Executor,
  change: Statement,
  values: Readonly<Record<string, Value>>,
): Promise<OperationRecord[]> {
  const rows = await transaction.all(change, bind(change, values));
  const changed = rows.map(parts.record);
  for (const { id } of changed) await parts.changes.announce(transaction, id);
  return changed;
}

export async function findOperation(parts: Parts, id: string): Promise<OperationRecord | undefined> {
  const { byId } = parts.statements;
  const [found] = await parts.store.all(byId, bind(byId, { id }));
  return found && parts.record(found);
}

/** The account an operation works for, as a caller: what `editor()` fields are set to. */
export function actorOf(account: RowId | null): Caller {
  return account === null ? anonymous : { kind: 'account', account, session: '' };
}

export function now(): string {
  return new Date().toISOString();
}
