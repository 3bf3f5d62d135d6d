import type { JsonValue } from './field.ts';
import type { RowId } from './id.ts';
import type { Fields } from './resource.ts';
import type { Flat, Readable } from './row-types.ts';
import type { Rule } from './rules.ts';

/**
 * The reason why an operation failed, which its caller may read. Any other error that is thrown is logged, and the caller
 * learns only that the operation failed.
 *
 * @example
 * throw new OperationError('The source does not exist');
 */
export class OperationError extends Error {
  /** Whether another attempt may help (default: true). */
  readonly retry: boolean;

  constructor(message: string, options: { retry?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'OperationError';
    this.retry = options.retry ?? true;
  }
}

/** The rows with these values, by id; `state`: only those in the state of this name. */
export type FindRows = (
  resource: string,
  equal: Readonly<Record<string, JsonValue>>,
  state?: string,
) => Promise<AnyRow[]>;

/** Rows, inside the transaction that ends an operation. Wait for nothing else in it. No rules apply: this is the app's own code. */
export interface EffectRows {
  /** They stay locked until the end. */
  find: FindRows;
  /** Creates a row, and answers it. */
  create(resource: string, values: Readonly<Record<string, JsonValue>>): Promise<AnyRow>;
  /** Sets fields of a row. */
  set(resource: string, id: RowId, values: Readonly<Record<string, JsonValue>>): Promise<void>;
  /** Puts a row into the state of this name, and writes the move down. */
  move(resource: string, id: RowId, state: string): Promise<void>;
}

/** A row with its id and the fields of its resource. */
export type AnyRow = Readonly<Record<string, unknown>> & {
  /** The id. */
  readonly id: RowId;
};

/** The input of an operation's `run`. */
export interface RunContext<Row> {
  /** The row as it was when this attempt began. */
  row: Row;
  /** The operation's id: the same in every attempt. */
  operation: string;
  /** Grows with every attempt: whoever holds a smaller one has been given up. */
  fence: number;
  /** 1 for the first. */
  attempt: number;
  /** Aborts when the operation is cancelled, its lease is lost, or the server stops. */
  signal: AbortSignal;
  /** The app's own folder for files. */
  data: string;
  /** How far the work is, from 0 to 1, and in what. Stored a few times a second at the most. */
  progress(fraction: number, message?: string): void;
  /** Rows as they are now. No rules apply: this is the app's own code. */
  find: FindRows;
}

/** The outcome of an operation's `run`. It is committed together with the transition, once, or not at all. */
export interface Outcome {
  /** Kept with the operation, for whoever may read it (default: null). */
  result?: JsonValue;
  /** Further writes in the transaction of the transition. */
  effect?: (rows: EffectRows) => Promise<void>;
}

/**
 * One long-running step of a row: from one of these states to another. The work runs at least once, its effect happens
 * exactly once: do what cannot be undone in `effect`, and make the rest safe to do twice.
 */
export interface LifecycleOperation<Row> {
  /** The state, or the states, it may start from, by name. */
  readonly from: string | readonly string[];
  /** The state it ends in, by name. */
  readonly to: string;
  /** Who may start and cancel it (default: the resource's `update` rule). */
  readonly can?: Rule;
  /** Throws `OperationError` for what its caller should know. */
  run(context: RunContext<Row>): Promise<Outcome>;
}

/** A row's states and the operations between them. */
export interface LifecycleOptions<F extends Fields, I extends RowId> {
  /** The `state()` field. */
  field: StateNames<F>;
  /** The operations by name: each is started by `POST /v1/RESOURCE/{id}:NAME`. */
  operations: { readonly [name: string]: LifecycleOperation<Flat<{ id: I } & Readable<F>>> };
}

type StateNames<F extends Fields> = {
  [K in keyof F]: F[K] extends { readonly $types?: infer T }
    ? T extends { state: true }
      ? K
      : never
    : never;
}[keyof F] &
  string;

export interface Lifecycle {
  readonly field: string;
  /** Their rows have the types of the declaration they stand in. */
  readonly operations: { readonly [name: string]: LifecycleOperation<never> };
}
