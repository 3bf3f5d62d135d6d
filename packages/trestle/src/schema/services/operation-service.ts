import type { Caller, Context } from '../caller.ts';
import type { JsonValue } from '../field.ts';
import type { RowId } from '../id.ts';
import type { ListQuery, Page } from './list-query.ts';

/**
 * The states of an operation. The first two are before its end.
 *
 * @example
 * const State = Type.Enum([...OPERATION_STATES]);
 */
export const OPERATION_STATES = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const;
/** A state of an operation. */
export type OperationState = (typeof OPERATION_STATES)[number];

/** A long-running operation, as whoever may read its row sees it. */
export interface OperationView {
  /** The id, by which it is read and cancelled. */
  id: string;
  /** The resource of its row. */
  resource: string;
  /** The id of its row. */
  row: RowId;
  /** The name it is declared under. */
  operation: string;
  /** Its state. */
  state: OperationState;
  /** From 0 to 1. */
  progress: number;
  /** Its current or last step. */
  message: string | null;
  /** Its result; null until it has succeeded. */
  result: JsonValue;
  /** Why the last attempt failed. */
  error: string | null;
  /** Attempts begun so far. */
  attempts: number;
  /** When it was accepted: RFC 3339, UTC. */
  created_at: string;
  /** When its first attempt began; null before. */
  started_at: string | null;
  /** When it ended; null before. */
  finished_at: string | null;
}

/** A state of an operation in a stream of them. Each replaces all before it. */
export interface OperationEvent {
  /** Grows with every change: what Last-Event-ID resumes from. */
  id: number;
  /** The operation as it was then. */
  operation: OperationView;
}

/** Which operations a list has. */
export interface OperationQuery {
  /** Of rows of this resource (default: of all). */
  resource?: string;
  /** Of this row (default: of all). */
  row?: RowId;
  /** In this state (default: in any). */
  state?: OperationState;
  /** Maximum operations (default: 50, at most 200). */
  limit?: number;
  /** Continue where `next` of an earlier page pointed. */
  cursor?: string;
}

/** A move of a row from one state to another, by an operation or by hand. */
export interface Move {
  /** RFC 3339, UTC. */
  at: string;
  /** The account, or null where there is none. */
  by: RowId | null;
  /** The name of the state before. */
  from: string;
  /** The name of the state after. */
  to: string;
  /** The operation that moved it; null where it was moved by hand. */
  operation: string | null;
}

/** A move of a row by hand. */
export interface HandMove {
  /** The state, by its id or its name. */
  state: RowId;
  /** The names of the states it may leave (default: any). */
  from?: readonly string[];
  /** Other fields to change with it, as a PATCH would (default: none). */
  body?: Readonly<Record<string, unknown>>;
}

/**
 * Operations and moves, for contract routes and the uniform API alike. Who may read a row may read its operations; who may
 * update it (or fits the operation's own rule) may start and cancel them. Throws `not_found`, `unauthenticated`, `forbidden`.
 */
export interface OperationService {
  /**
   * Resolves when the operation is on disk. Throws `illegal_transition` naming the operations that are legal now, and
   * `conflict` naming the one that is under way on this row already.
   *
   * @param by a caller; or a context, whose transaction it joins, as a request with an Idempotency-Key has one.
   */
  start(by: Caller | Context, resource: string, id: RowId, operation: string): Promise<OperationView>;
  /** One operation. */
  read(caller: Caller, id: string): Promise<OperationView>;
  /** Newest first. */
  list(caller: Caller, query?: OperationQuery): Promise<Page<OperationView>>;
  /** Cancels a queued operation at once; asks a running one to stop. One that has ended stays as it is. */
  cancel(caller: Caller, id: string): Promise<OperationView>;
  /** Its state now, then each newer one until it has ended. `after`: only what is newer than this event. Throws `too_many_requests`. */
  events(
    caller: Caller,
    id: string,
    options: { after?: number; signal: AbortSignal },
  ): Promise<AsyncIterable<OperationEvent>>;
  /**
   * Puts a row into a state by hand, by the state's id or name, and changes other fields with it, as a PATCH would.
   * Throws `illegal_transition` where the row is in none of the states `from` names (default: any).
   */
  move(caller: Caller, resource: string, id: RowId, to: HandMove): Promise<void>;
  /** Moves of a row, newest first. */
  moves(caller: Caller, resource: string, id: RowId, query?: ListQuery<Move>): Promise<Page<Move>>;
}
