import pg from 'pg';
import { Problem, type ProblemDetails } from '../../problems.ts';
import { brokenConstraint } from '../constraint.ts';

/**
 * Classifies an error of PostgreSQL or of the connection for the statement or transaction that failed.
 * - `lost`: the connection is gone; what had been sent may or may not have happened.
 * - `again`: the server undid the transaction because of another one; the same work may succeed now.
 * - `answer`: an answer to this very statement.
 * SQLSTATEs: PostgreSQL manual, appendix A.
 */
type Fault = 'lost' | 'again' | 'answer';

/** Serialization failure and deadlock; and a plan or a prepared statement that no longer fits its tables. */
const AGAIN = new Set(['40001', '40P01', '26000']);
/** Shutdown by an administrator, crash of another session, start-up, a dropped database, an idle transaction cut off. */
const LOST = new Set(['57P01', '57P02', '57P03', '57P05', '25P03', '25P04']);
/** A replica instead of the primary, lock and statement time limits, too many connections, out of memory, an I/O error. */
const UNAVAILABLE = new Set(['25006', '55P03', '57014', '53200', '53300', '53400', '58030']);

/** A replica or a read-only database, a full disk, an I/O error, damaged pages and indexes. */
const NO_WRITES = new Set(['25006', '53100', '58030', 'XX001', 'XX002']);

/** Why writes fail until an operator or time mends the server; undefined for every other error. */
export function writesRefused(error: unknown): string | undefined {
  return NO_WRITES.has(sqlState(error) ?? '') && error instanceof Error ? error.message : undefined;
}

export function faultOf(error: unknown): Fault {
  const code = sqlState(error);
  if (code === undefined) return isDriverError(error) ? 'lost' : 'answer';
  // 08P01 is a message of ours that the server cannot read.
  if ((code.startsWith('08') && code !== '08P01') || LOST.has(code)) return 'lost';
  return AGAIN.has(code) || isStalePlan(error) ? 'again' : 'answer';
}

/** Whether a session should not be used again: it is gone, or leads to the wrong server, or has stale plans. */
export function spoilsSession(error: unknown): boolean {
  const code = sqlState(error);
  return faultOf(error) === 'lost' || code === '25006' || code === '26000' || isStalePlan(error);
}

/** Whether a connection was made, and then ended by the other side. */
export function wasEnded(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? error.code : undefined;
  return (
    ['57P01', 'ECONNRESET', 'EPIPE'].includes(String(code)) ||
    /^(Connection terminated( unexpectedly)?|Client (has encountered a connection error|was closed) and is not queryable)$/.test(
      error.message,
    )
  );
}

/** Whether connecting may succeed in a moment: the server is starting, full, or just went away. */
export function passes(error: unknown): boolean {
  return faultOf(error) === 'lost' || sqlState(error) === '53300';
}

/** An error as the problem a client may see; what is no fault of the database's stays as it is. */
export function postgresProblem(error: unknown, sql = ''): unknown {
  if (faultOf(error) !== 'answer') return unavailable('The database cannot answer just now.', error);
  if (!(error instanceof pg.DatabaseError)) return error;
  return constraintProblem(error, sql) ?? limitProblem(error) ?? described(error);
}

/** Whether a problem is that of a statement which took too long. */
export function isTimeout(problem: unknown): boolean {
  return (
    problem instanceof Problem &&
    problem.cause instanceof Error &&
    /^PostgreSQL 57014:/.test(problem.cause.message)
  );
}

/** A 503 that says when to come back. */
export function unavailable(detail: string, cause?: unknown): Problem {
  return problem('unavailable', detail, cause);
}

/** The 503 of a commit that had no answer. */
export function perhapsWritten(cause: unknown): Problem {
  const detail =
    'The database went away while this was being committed. It may have been written; read it to know.';
  return unavailable(detail, cause);
}

export function sqlState(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

function constraintProblem(error: pg.DatabaseError, sql: string): Problem | undefined {
  if (error.code === '23505' || error.code === '23P01') return brokenConstraint('unique', columnsOf(error));
  if (error.code === '23503' || error.code === '23001') {
    // Deleting a row that others refer to is about those; anything else is about the reference that was written.
    const deletes = /^\s*delete\b/i.test(sql) || error.code === '23001';
    return brokenConstraint('reference', deletes ? [] : columnsOf(error));
  }
  if (error.code === '23502') {
    const pointer = `/${error.column ?? ''}`;
    return new Problem('invalid', {
      errors: [{ pointer, code: 'required', message: 'expected a value, got none' }],
    });
  }
  return undefined;
}

function limitProblem(error: pg.DatabaseError): Problem | undefined {
  const code = error.code ?? '';
  if (code === '53100')
    return problem('storage_full', 'The disk that holds the database is full. Nothing was written.', error);
  if (UNAVAILABLE.has(code)) return unavailable('The database took too long or has no room just now.', error);
  if (code.startsWith('22') || code === '23514')
    return new Problem('invalid', { detail: 'A value is out of the range or the form the database takes.' });
  return undefined;
}

/** `Key (author, title)=(7, x) already exists.` names the columns; the translations keep that part as it is. */
function columnsOf(error: pg.DatabaseError): string[] {
  const named = /\(([^()]+)\)=\(/.exec(error.detail ?? '')?.[1];
  return named ? named.split(', ').map((name) => name.replace(/^"(.*)"$/, '$1')) : [];
}

function problem(code: 'unavailable' | 'storage_full', detail: string, cause: unknown): Problem {
  const details: ProblemDetails = { detail, headers: { 'Retry-After': code === 'unavailable' ? '1' : '5' } };
  return new Problem(code, cause === undefined ? details : { ...details, cause: described(cause) });
}

/** An error for the log: PostgreSQL's `detail` and `where` hold values of rows, which no log may have. */
function described(error: unknown): unknown {
  if (!(error instanceof pg.DatabaseError)) return error;
  const about = [error.table, error.column, error.constraint].filter(Boolean).join('.');
  return new Error(`PostgreSQL ${error.code}: ${error.message}${about && ` (${about})`}`);
}

function isStalePlan(error: unknown): boolean {
  return sqlState(error) === '0A000' && /cached plan/.test(error instanceof Error ? error.message : '');
}

/** pg's own errors about a connection have no SQLSTATE, and Node's have a `code` such as ECONNRESET. */
function isDriverError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('syscall' in error || ('code' in error && /^(E[A-Z]+|ERR_TLS|ERR_SSL)/.test(String(error.code))))
    return true;
  return /^(Connection terminated|Client (has encountered|was closed)|Query read timeout|timeout expired|The server does not support SSL)/.test(
    error.message,
  );
}
