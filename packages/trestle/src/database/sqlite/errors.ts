import { Problem } from '../../problems.ts';
import { brokenConstraint } from '../constraint.ts';

/** Primary result codes of SQLite (https://www.sqlite.org/rescode.html). */
const CODES = {
  busy: 5,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  constraint: 19,
  notADatabase: 26,
} as const;
const UNIQUE = new Set([1555, 2067, 2579]);
/** A missing row, and `on delete restrict` (SQLite runs that one as a trigger). */
const FOREIGN_KEY = new Set([787, 1811]);

interface SqliteError extends Error {
  errcode: number;
  errstr?: string;
}

export function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number';
}

/** Whether the disk or the file can no longer be trusted: writes must stop and the process must end. */
export function isFatal(error: unknown): boolean {
  if (!isSqliteError(error)) return false;
  const primary = error.errcode & 0xff;
  return primary === CODES.ioError || primary === CODES.corrupt || primary === CODES.notADatabase;
}

export function isBusy(error: unknown): boolean {
  return isSqliteError(error) && (error.errcode & 0xff) === CODES.busy;
}

/** An error of SQLite as the problem a client may see; anything else as it is. */
export function sqliteProblem(error: unknown): unknown {
  if (!isSqliteError(error)) return error;
  const primary = error.errcode & 0xff;
  if (UNIQUE.has(error.errcode)) return brokenConstraint('unique', columnsOf(error.message));
  if (FOREIGN_KEY.has(error.errcode)) return brokenConstraint('reference', []);
  if (primary === CODES.full)
    return new Problem('storage_full', {
      detail: 'The disk that holds the database is full. Nothing was written; try again when there is room.',
      headers: { 'Retry-After': '5' },
      cause: error,
    });
  if (primary === CODES.busy || primary === CODES.ioError || primary === CODES.readOnly)
    return new Problem('unavailable', {
      detail: 'The database cannot be written to just now.',
      headers: { 'Retry-After': '1' },
      cause: error,
    });
  return error;
}

/** `UNIQUE constraint failed: notes.title, notes.author` names the columns. */
function columnsOf(message: string): string[] {
  const list = /UNIQUE constraint failed: (.+)$/.exec(message)?.[1] ?? '';
  return list.split(', ').map((name) => name.slice(name.indexOf('.') + 1));
}
