import type { Dialect } from '../database/dialect.ts';
import type { Columns } from '../database/store.ts';
import type { JsonValue } from '../schema/field.ts';
import type { Id, RowId } from '../schema/id.ts';
import {
  OPERATION_STATES,
  type OperationState,
  type OperationView,
} from '../schema/services/operation-service.ts';

/** An operation as it is kept: what callers see, and what claiming and fencing go by. */
export interface OperationRecord extends OperationView {
  /** Grows with every change: the id of its events. */
  readonly changes: number;
  /** Grows with every claim. */
  readonly fence: number;
  /** Whether it has been asked to stop. */
  readonly cancel: boolean;
  /** The account that started it. */
  readonly account: RowId | null;
}

/** How ids that are kept as text come back. */
export interface IdKinds {
  /** By resource. */
  rows: ReadonlyMap<string, Id['kind']>;
  accounts: Id['kind'];
}

/** Reads a row of the operations table. */
export function recordReader(dialect: Dialect, kinds: IdKinds): (columns: Columns) => OperationRecord {
  const json = dialect.decoder('json');
  return (columns) => ({
    id: String(columns.id),
    resource: String(columns.resource),
    row: idOf(kinds.rows.get(String(columns.resource)), columns.row),
    operation: String(columns.operation),
    state: stateOf(columns.state),
    progress: Number(columns.progress),
    message: textOf(columns.message),
    // What was stored is JSON: it was given as a JsonValue.
    result: (columns.result === null ? null : json ? json(columns.result) : columns.result) as JsonValue,
    error: textOf(columns.error),
    attempts: Number(columns.attempts),
    created_at: String(columns.created_at),
    started_at: textOf(columns.started_at),
    finished_at: textOf(columns.finished_at),
    changes: Number(columns.changes),
    fence: Number(columns.fence),
    cancel: Number(columns.cancel) === 1,
    account: columns.account === null ? null : idOf(kinds.accounts, columns.account),
  });
}

/** What callers see of an operation. */
export function viewOf(record: OperationRecord): OperationView {
  const { changes: _changes, fence: _fence, cancel: _cancel, account: _account, ...view } = record;
  return view;
}

export function hasEnded({ state }: { state: OperationState }): boolean {
  return state !== 'queued' && state !== 'running';
}

export function idOf(kind: Id['kind'] | undefined, text: unknown): RowId {
  return kind === 'integer' ? Number(text) : String(text);
}

export function textOf(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}

function stateOf(value: unknown): OperationState {
  const state = OPERATION_STATES.find((known) => known === value);
  if (!state) throw new TypeError(`no operation is in the state ${String(value)}`);
  return state;
}
