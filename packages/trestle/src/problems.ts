/**
 * Every error of the engine in one table: the code is stable and public, the status follows from it.
 * The type `ProblemCode`, the HTTP statuses, `/problems/CODE` of a server and the reference's page of errors derive from this table.
 * Statuses: RFC 9110; 428 and 429: RFC 6585; 507: RFC 4918.
 *
 * @example
 * const { status, title } = PROBLEMS.not_found; // 404, 'Not found'
 */
export const PROBLEMS = {
  malformed: {
    status: 400,
    title: 'The request could not be read',
    remedy: 'Send valid JSON, a path and header fields as the OpenAPI document has them.',
  },
  unknown_field: {
    status: 400,
    title: 'The body has a field that is not known here',
    remedy: 'Leave out the members that `errors` names, or spell them as it says.',
  },
  unknown_parameter: {
    status: 400,
    title: 'The query has a parameter that is not known here',
    remedy: 'Leave out the parameters that `errors` names, or spell them as it says.',
  },
  invalid_query: {
    status: 400,
    title: 'The query is not valid',
    remedy: 'Change the filter, sort key or limit that `errors` names.',
  },
  invalid_cursor: {
    status: 400,
    title: 'The cursor does not belong to this list',
    remedy: 'Begin the list again without a cursor: filter, sort and cursor belong together.',
  },
  wrong_password: {
    status: 400,
    title: 'The current password is wrong',
    remedy: 'Send the password that the account has now.',
  },
  unauthenticated: {
    status: 401,
    title: 'Credentials are required',
    remedy: 'Sign in, or send an API key, as the Bearer token of the Authorization header.',
  },
  invalid_credentials: {
    status: 401,
    title: 'The user name or the password is wrong',
    remedy: 'Check user name and password; reset the password where it is lost.',
  },
  invalid_token: {
    status: 401,
    title: 'The token is not valid',
    remedy: 'Refresh the access token, or sign in again.',
  },
  invalid_key: {
    status: 401,
    title: 'The API key is not valid',
    remedy: 'Ask for another key: this one is unknown, expired or deactivated.',
  },
  forbidden: {
    status: 403,
    title: 'The caller may not do this',
    remedy: 'Ask who administers the app for a role, or for a key with wider scopes.',
  },
  not_found: {
    status: 404,
    title: 'There is nothing here',
    remedy: 'Check path and id: the row does not exist, is deleted, or may not be read by this caller.',
  },
  method_not_allowed: {
    status: 405,
    title: 'This path does not take that method',
    remedy: 'Use one of the methods in the header field Allow.',
  },
  not_acceptable: {
    status: 406,
    title: 'No representation is acceptable to the client',
    remedy: 'Accept `application/json`, or what the OpenAPI document names for this answer.',
  },
  conflict: {
    status: 409,
    title: 'The request conflicts with what is stored',
    remedy:
      'Read what `errors` names: a value that is taken, a row that is referred to, a span that overlaps.',
  },
  idempotency_key_in_use: {
    status: 409,
    title: 'A request with this Idempotency-Key is under way',
    remedy: 'Wait as long as Retry-After says, and send the same request again.',
  },
  illegal_transition: {
    status: 409,
    title: 'The row is not in a state that allows this',
    remedy: 'Read the row: `data` names what is possible from the state that it is in.',
  },
  precondition_failed: {
    status: 412,
    title: 'The row has changed since it was read',
    remedy: 'Read the row again, merge the changes, and send the version that was read.',
  },
  body_too_large: {
    status: 413,
    title: 'The body is too large',
    remedy: 'Send less at a time: `detail` says how much a body may have.',
  },
  target_too_long: {
    status: 414,
    title: 'The request target is too long',
    remedy: 'Send a long filter as the body of `POST /v1/RESOURCE:search`.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The body is of a media type that is not taken here',
    remedy: 'Send `application/json`, or what the header field Accept-Post or Accept-Patch names.',
  },
  range_not_satisfiable: {
    status: 416,
    title: 'The range is beyond the end',
    remedy: 'Ask for a range within the length that Content-Range names.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'This Idempotency-Key was used for another request',
    remedy: 'Send each new request with a key of its own.',
  },
  invalid: {
    status: 422,
    title: 'The body is not valid',
    remedy: 'Correct each field that `errors` names by its JSON pointer.',
  },
  precondition_required: {
    status: 428,
    title: 'The request must say which version it changes',
    remedy: 'Send the header field If-Match with the ETag of the row that was read.',
  },
  too_many_requests: { status: 429, title: 'Too many requests', remedy: 'Wait as long as Retry-After says.' },
  headers_too_large: {
    status: 431,
    title: 'The header fields are too large',
    remedy: 'Send fewer or shorter header fields, such as cookies.',
  },
  internal: {
    status: 500,
    title: 'The server made a mistake',
    remedy: 'Tell the operator the `requestId`: the log has the reason under it.',
  },
  not_implemented: {
    status: 501,
    title: 'This method is not known',
    remedy: 'Use a method that the OpenAPI document names.',
  },
  unavailable: {
    status: 503,
    title: 'The server cannot answer just now',
    remedy:
      'Wait as long as Retry-After says. A write that may have been done says so: read before you write again.',
  },
  storage_full: {
    status: 507,
    title: 'The disk is full',
    remedy: 'Tell the operator: nothing is written until there is room.',
  },
} as const satisfies Record<string, { status: number; title: string; remedy: string }>;

/** A code of `PROBLEMS`. */
export type ProblemCode = keyof typeof PROBLEMS;

/** One thing that is wrong with a body, a query or a path. */
export interface FieldError {
  /** Where, as an RFC 6901 JSON pointer into the body (`/points/0/title`), or a parameter's name for `in: 'query' | 'path'`. */
  pointer: string;
  /** Stable: `required`, `type`, `min_length`, `max_length`, `minimum`, `maximum`, `pattern`, `enum`, `unknown`, `taken`, `reference`, ... */
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

/** The particulars of a `Problem`, all optional. */
export interface ProblemDetails {
  /** For people: what is wrong with this request (default: the title of the code). */
  detail?: string;
  /** Each wrong field of the request (default: none). */
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
  /** One of the codes of `PROBLEMS`: stable, for programs. */
  readonly code: ProblemCode;
  /** The HTTP status. */
  readonly status: number;
  /** The meaning of the code, in one line. */
  readonly title: string;
  /** For people: what is wrong with this request (default: the title). */
  readonly detail: string;
  /** Each wrong field of the request. */
  readonly errors: readonly FieldError[];
  /** Facts for the client, such as `{ resource: 'projects', id: 7 }`. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Response headers that belong to the error. */
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

/** The message of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
