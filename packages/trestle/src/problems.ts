/**
 * Every error of the engine in one table: the code is stable and public, the status follows from it.
 * The type `ProblemCode`, the HTTP statuses and the error pages of the documentation derive from this table.
 * Statuses: RFC 9110; 428 and 429: RFC 6585; 507: RFC 4918.
 *
 * @example
 * const { status, title } = PROBLEMS.not_found; // 404, 'Not found'
 */
export const PROBLEMS = {
  malformed: { status: 400, title: 'The request could not be read' },
  unknown_field: { status: 400, title: 'The body has a field that is not known here' },
  unknown_parameter: { status: 400, title: 'The query has a parameter that is not known here' },
  invalid_query: { status: 400, title: 'The query is not valid' },
  invalid_cursor: { status: 400, title: 'The cursor does not belong to this list' },
  wrong_password: { status: 400, title: 'The current password is wrong' },
  unauthenticated: { status: 401, title: 'Credentials are required' },
  invalid_credentials: { status: 401, title: 'The user name or the password is wrong' },
  invalid_token: { status: 401, title: 'The token is not valid' },
  invalid_key: { status: 401, title: 'The API key is not valid' },
  forbidden: { status: 403, title: 'The caller may not do this' },
  not_found: { status: 404, title: 'There is nothing here' },
  method_not_allowed: { status: 405, title: 'This path does not take that method' },
  not_acceptable: { status: 406, title: 'No representation is acceptable to the client' },
  conflict: { status: 409, title: 'The request conflicts with what is stored' },
  idempotency_key_in_use: { status: 409, title: 'A request with this Idempotency-Key is under way' },
  illegal_transition: { status: 409, title: 'The row is not in a state that allows this' },
  precondition_failed: { status: 412, title: 'The row has changed since it was read' },
  body_too_large: { status: 413, title: 'The body is too large' },
  target_too_long: { status: 414, title: 'The request target is too long' },
  unsupported_media_type: { status: 415, title: 'The body is of a media type that is not taken here' },
  range_not_satisfiable: { status: 416, title: 'The range is beyond the end' },
  idempotency_key_reused: { status: 422, title: 'This Idempotency-Key was used for another request' },
  invalid: { status: 422, title: 'The body is not valid' },
  precondition_required: { status: 428, title: 'The request must say which version it changes' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  headers_too_large: { status: 431, title: 'The header fields are too large' },
  internal: { status: 500, title: 'The server made a mistake' },
  not_implemented: { status: 501, title: 'This method is not known' },
  unavailable: { status: 503, title: 'The server cannot answer just now' },
  storage_full: { status: 507, title: 'The disk is full' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

/** One thing that is wrong with a body, a query or a path. */
export interface FieldError {
  /** Where, as an RFC 6901 JSON pointer into the body (`/points/0/title`), or a parameter's name for `in: 'query' | 'path'`. */
  pointer: string;
  /** Stable: `required`, `type`, `min_length`, `max_length`, `minimum`, `maximum`, `pattern`, `enum`, `unknown`, `taken`, `reference`, … */
  code: string;
  /** For people: what was expected and what came. */
  message: string;
  /** The limits behind the code, for messages in other words: `{ limit: 160 }`. */
  params?: Record<string, unknown>;
  /** Which part of the request (`body`). */
  in?: 'body' | 'query' | 'path';
}

/**
 * Returns whether a value was rejected because it is null; some contracts have a message of their own for that.
 *
 * @example
 * const messages = problem.errors.map((error) => (isNullError(error) ? 'must not be null' : error.message));
 */
export function isNullError({ code, message }: FieldError): boolean {
  return code === 'type' && message.endsWith('got null');
}

export interface ProblemDetails {
  detail?: string;
  errors?: readonly FieldError[];
  /** Safe facts for the client and for contracts' own words, e.g. `{ resource: 'projects', id: 7 }`. */
  data?: Readonly<Record<string, unknown>>;
  /** Response headers that belong to the error: `Retry-After`, `Allow`, `WWW-Authenticate`. */
  headers?: Readonly<Record<string, string>>;
  /** The underlying error: logged, never sent. */
  cause?: unknown;
}

/**
 * An error answer (RFC 9457). Only `code`, `detail`, `errors` and `data` are sent to a client; `cause` is logged.
 *
 * @example
 * throw new Problem('conflict', { detail: 'This name is taken.' });
 */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly errors: readonly FieldError[];
  readonly data: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ProblemCode, details: ProblemDetails = {}) {
    const { status, title } = PROBLEMS[code];
    super(details.detail ?? title, { cause: details.cause });
    this.name = 'Problem';
    this.code = code;
    this.status = status;
    this.title = title;
    this.detail = details.detail ?? title;
    this.errors = details.errors ?? [];
    this.data = details.data ?? {};
    this.headers = details.headers ?? {};
  }
}

/** Anything thrown, as a problem: a `Problem` is itself, the rest is `internal` with the original as its cause. */
export function toProblem(thrown: unknown): Problem {
  return thrown instanceof Problem ? thrown : new Problem('internal', { cause: thrown });
}
