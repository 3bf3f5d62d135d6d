import type { FieldError, ProblemCode } from 'trestle/contract';

/** A failure: a problem of the server (RFC 9457), or a code of the client's own. */
export interface Problem<Code extends string = ProblemCode | ClientCode> {
  /** One of the codes of `PROBLEMS`: stable, for programs. */
  readonly code: Code;
  /** The HTTP status. */
  readonly status: number;
  /** The meaning of the code, in one line. */
  readonly title: string;
  /** For people: what is wrong with this request (default: the title). */
  readonly detail: string;
  /** The id of the request in the server's log. */
  readonly requestId?: string;
  /** Each wrong field of a body, by a JSON pointer. */
  readonly errors?: readonly FieldError[];
  /** Facts for the client, such as `{ resource: 'projects', id: 7 }`. */
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
  | {
      readonly ok: true;
      /** The answer of the call. */
      readonly value: Value;
    }
  | {
      readonly ok: false;
      /** The reason of the failure. */
      readonly problem: P;
    };

/**
 * A problem that is thrown: by `unwrap`, and by async iterators.
 *
 * @example
 * if (error instanceof ProblemError && error.problem.status === 404) showMissing();
 */
export class ProblemError extends Error {
  /** The problem. */
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
