import type { FieldError, ProblemCode } from 'trestle/contract';

/** A failure: a problem of the server (RFC 9457), or a code of the client's own. */
export interface Problem<Code extends string = ProblemCode | ClientCode> {
  readonly code: Code;
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly requestId?: string;
  /** Each wrong field of a body, by a JSON pointer. */
  readonly errors?: readonly FieldError[];
  readonly data?: Readonly<Record<string, unknown>>;
}

/**
 * `network`: no answer came, so a write may have been done or not; `aborted`: the caller's signal; `unreadable`: the answer was no
 * JSON of the server, such as a proxy's error page.
 */
export type ClientCode = 'network' | 'aborted' | 'unreadable';

/** Somebody else changed the row since it was read: 412 with both versions. */
export interface Conflict<Row> extends Problem<'precondition_failed'> {
  /** The row as this client read it; undefined where it was never read. */
  readonly mine: Row | undefined;
  /** The row as it is now; undefined where it was deleted. */
  readonly theirs: Row | undefined;
}

/** Problems of a write of one row. */
export type WriteProblem<Row> =
  | Problem<Exclude<ProblemCode | ClientCode, 'precondition_failed'>>
  | Conflict<Row>;

/** How a call ended. `if (result.ok)` tells the compiler which. */
export type Result<Value, P = Problem> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problem: P };

/** A problem that is thrown: by `unwrap`, and by async iterators. */
export class ProblemError extends Error {
  readonly problem: Problem<string>;

  constructor(problem: Problem<string>) {
    super(problem.detail);
    this.name = 'ProblemError';
    this.problem = problem;
  }
}

/**
 * The value of a result.
 *
 * @throws {ProblemError} where the call failed.
 * @example
 * const project = unwrap(await client.rows.projects.get(7));
 */
export function unwrap<Value>(result: Result<Value, Problem<string>>): Value {
  if (result.ok) return result.value;
  throw new ProblemError(result.problem);
}
