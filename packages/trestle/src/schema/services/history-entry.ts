import type { RowId } from '../id.ts';

export const HISTORY_ACTIONS = ['create', 'update', 'delete', 'restore'] as const;

/** One change of a row, of a resource with `history: true`, as its caller may see it. */
export interface HistoryEntry<Row extends object = Record<string, unknown>> {
  /** The kind of change. */
  readonly action: (typeof HISTORY_ACTIONS)[number];
  /** RFC 3339, UTC, milliseconds. */
  readonly at: string;
  /** The account that made it; null for callers without one, and where it is deleted. */
  readonly by: RowId | null;
  /** The values before it: of an update those that changed; null of a new row, and where the caller could not read it. */
  readonly before: Partial<Row> | null;
  /** The values after it: of an update those that changed; null of a deleted row, and where the caller could not read it. */
  readonly after: Partial<Row> | null;
}

/** A page of a history, newest first. */
export interface HistoryQuery {
  /** Maximum changes (default: 50). */
  readonly limit?: number;
  /** Continue where `next` or `prev` of an earlier page pointed. */
  readonly cursor?: string | undefined;
}
