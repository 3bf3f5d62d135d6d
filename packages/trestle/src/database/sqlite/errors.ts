import { Problem } from '../../problems.ts';
import { brokenConstraint } from '../constraint.ts';

/** Primary result codes of SQLite (https://www.sqlite.org/rescode.html). */
const CODES = {
  busy: 5,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cantOpen: 14,
  notADatabase: 26,
} as const;
const UNIQUE = new Set([1555, 2067, 2579]);
/** A missing row, and `on delete restrict` (SQLite runs that one as a trigger). */
const FOREIGN_KEY = new Set([787, 1811]);

/** A sync of the file or of its folder failed: what was written before may be lost. */
const SYNC = new Set([1034, 1290]);
const DAMAGE: ReadonlySet<number> = new Set([CODES.corrupt, CODES.notADatabase]);
const UNWRITABLE: ReadonlySet<number> = new Set([CODES.readOnly, CODES.ioError, CODES.full, CODES.cantOpen]);

/** The file that is open is no longer the one at its path, so that nothing of it would be found at the next start. */
export class FileRemoved extends Error {}

interface SqliteError extends Error {
  errcode: number;
  errstr?: string;
}

export function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number';
}

/**
 * A fault of the disk or the file. `lost`: nothing may be written any more and the process must end; `damaged`: pages are not
 * what was written; `refused`: writes fail until the disk takes them again.
 */
export function storageFault(error: unknown): 'lost' | 'damaged' | 'refused' | undefined {
  const cause = error instanceof Problem ? error.cause : error;
  if (cause instanceof FileRemoved) return 'lost';
  if (!isSqliteError(cause)) return undefined;
  if (SYNC.has(cause.errcode)) return 'lost';
  if (DAMAGE.has(cause.errcode & 0xff)) return 'damaged';
  return UNWRITABLE.has(cause.errcode & 0xff) ? 'refused' : undefined;
}

export function isBusy(error: unknown): boolean {
  return isSqliteError(error) && (error.errcode & 0xff) === CODES.busy;
}

/** An error of SQLite as the problem a client may see; anything else as it is. */
export function sqliteProblem(error: unknown): unknown {
  if (error instanceof FileRemoved) return unwritable(error);
  if (!isSqliteError(error)) return error;
  const primary = error.errcode & 0xff;
  if (UNIQUE.has(error.errcode)) {
    // `UNIQUE constraint failed: notes.title, notes.author` names the columns.
    const list = /UNIQUE constraint failed: (.+)$/.exec(error.message)?.[1] ?? '';
    const columns = list.split(', ').map((name) => name.slice(name.indexOf('.') + 1));
    return brokenConstraint('unique', columns);
  }
  if (FOREIGN_KEY.has(error.errcode)) return brokenConstraint('reference', []);
  if (primary === CODES.full)
    return new Problem('storage_full', {
      detail: 'The disk that holds the database is full. Nothing was written; try again when there is room.',
      headers: { 'Retry-After': '5' },
      cause: error,
    });
  if (primary === CODES.busy || UNWRITABLE.has(primary)) return unwritable(error);
  return error;
}

function unwritable(cause: unknown): Problem {
  return new Problem('unavailable', {
    detail: 'The database cannot be written to just now.',
    headers: { 'Retry-After': '1' },
    cause,
  });
}
