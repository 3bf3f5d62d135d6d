import type { Context } from '../caller.ts';
import type { RowId } from '../id.ts';
import type { Resource } from '../resource.ts';
import type { BodyOf, IdOf, PatchOf, Resources, RowOf } from '../row-types.ts';
import type { HistoryEntry, HistoryQuery } from './history-entry.ts';
import type { AggregateQuery, AggregateRow, ChildQuery, ListQuery, Page, Selection } from './list-query.ts';
import type { FarFilters, SelectingReads } from './selected-rows.ts';

/**
 * The version of a row that a single-row verb answered, which its ETag is made of.
 *
 * @example
 * const note = await services.notes.read({ caller }, 'id');
 * await services.notes.patch({ caller }, 'id', { title: 'New' }, { ifMatch: [note[VERSION]] });
 */
export const VERSION: unique symbol = Symbol('version');

/** A row with the version it was read at. JSON does not show it. */
export type Versioned<Row> = Row & { readonly [VERSION]: number };

/** How a row is written; a version that is not there is `precondition_failed` (RFC 9110, 13.1.1). */
export interface WriteOptions {
  /** Versions one of which the row must have, or `*` for any (default: whatever version is there). */
  readonly ifMatch?: readonly number[] | '*' | undefined;
  /** Equal values are an edit too: version, `updatedAt` and counters move (default: false, nothing changes). */
  readonly touch?: boolean;
}

/** The rows of a write of many: those of a filter, if they are not more than `max`. */
export interface ManyQuery<
  Row extends object = Record<string, unknown>,
  Far extends object = Record<never, never>,
> extends Pick<ListQuery<Row, Far>, 'filter' | 'search' | 'shortLists'> {
  /** Maximum rows that may match, 1,000 at most: more is `invalid_query`. */
  readonly max: number;
}

/**
 * The compile-time types of a service: of a row, of the bodies that write it, of its id, and of the filters behind its references.
 *
 * @internal
 */
export interface ServiceTypes {
  row: object;
  body: unknown;
  patch: unknown;
  id: RowId;
  far?: object;
}

type FarOf<T extends ServiceTypes> = T extends { far: infer Far extends object } ? Far : Record<never, never>;

/**
 * The verbs of one resource, called by every channel: contract routes, the uniform API, operations and the app's own code.
 * The declared rules are applied inside, in the transaction of the write: the context's, where it has one, else one of its
 * own. Every method throws `Problem`:
 * `unauthenticated`, `forbidden`, `not_found`, `invalid`, `unknown_field`, `conflict`, `precondition_failed`, `unavailable`.
 */
export interface Service<T extends ServiceTypes = ServiceTypes> extends OtherVerbs<T> {
  /** One row; where the resource counts reads, this counts one, and the answer shows it. */
  read(context: Context, id: T['id'], selection?: Selection): Promise<Versioned<T['row']>>;
  /** One row as it is, without counting; for HEAD and for an app's own checks. */
  peek(context: Context, id: T['id'], selection?: Selection): Promise<Versioned<T['row']>>;
  /**
   * One page. A query that is frozen is worked out once, however often it is asked with other cursors.
   *
   * @param cursor of the page (default: the query's).
   */
  list(context: Context, query?: ListQuery<T['row'], FarOf<T>>, cursor?: string): Promise<Page<T['row']>>;
}

/** The verbs of a service that take no selection. */
export interface OtherVerbs<T extends ServiceTypes> {
  /** Creates a row, and answers it. */
  create(context: Context, body: T['body']): Promise<Versioned<T['row']>>;
  /** Counts, sums, averages, least and greatest values of the rows of a list, by group. */
  aggregate(
    context: Context,
    query: AggregateQuery<T['row'], FarOf<T>>,
  ): Promise<{ items: AggregateRow[]; more: boolean }>;
  /** All rows of a query in parts, from one consistent snapshot, with flat memory; in a transaction they are read at once. */
  stream(context: Context, query?: ListQuery<T['row'], FarOf<T>>): AsyncIterable<T['row'][]>;
  /** The children of many parents by a reference field, in one query: parent id to its rows, in the resource's order. */
  children(
    context: Context,
    field: keyof T['row'] & string,
    parents: readonly RowId[],
    query: ChildQuery,
  ): Promise<Map<RowId, T['row'][]>>;
  /** Rows by id in one query; ids that are missing or may not be read are left out. */
  readMany(context: Context, ids: readonly T['id'][]): Promise<Map<T['id'], T['row']>>;
  /** Replaces a row, as PUT does: a field that is left out gets its default. */
  replace(
    context: Context,
    id: T['id'],
    body: T['body'],
    options?: WriteOptions,
  ): Promise<Versioned<T['row']>>;
  /** Changes the fields that are given, as PATCH does (RFC 7396). */
  patch(
    context: Context,
    id: T['id'],
    body: T['patch'],
    options?: WriteOptions,
  ): Promise<Versioned<T['row']>>;
  /**
   * Adds to counters and numbers of a row, exactly however many do so at once: `{ views: 1, stock: -2 }`. Throws `invalid` for a
   * sum that the field does not take.
   */
  increment(
    context: Context,
    id: T['id'],
    amounts: { readonly [K in keyof T['row']]?: number },
    options?: WriteOptions,
  ): Promise<Versioned<T['row']>>;
  /** Replaces the row that has a value in a unique field, or creates it. */
  upsert(
    context: Context,
    by: { readonly field: keyof T['row'] & string; readonly value: unknown },
    body: T['body'],
    options?: WriteOptions,
  ): Promise<{ row: Versioned<T['row']>; created: boolean }>;
  /** Creates up to 1,000 rows, all or none. */
  createMany(context: Context, bodies: readonly T['body'][]): Promise<Versioned<T['row']>[]>;
  /** Changes every row of a filter, all or none. Throws `invalid_query` where there are more than `max`, 1,000 at most. */
  patchMany(
    context: Context,
    query: ManyQuery<T['row'], FarOf<T>>,
    patch: T['patch'],
  ): Promise<{ count: number }>;
  /** Deletes every row of a filter, all or none; as `patchMany`. */
  removeMany(context: Context, query: ManyQuery<T['row'], FarOf<T>>): Promise<{ count: number }>;
  /** Makes a declared transition, by its name, and answers the row. Throws `illegal_transition` where it is in another state. */
  transition(
    context: Context,
    id: T['id'],
    name: string,
    options?: WriteOptions,
  ): Promise<Versioned<T['row']>>;
  /** Brings back a row that was deleted, of a resource with `softDelete`. Throws `not_found` where it is not deleted. */
  restore(context: Context, id: T['id'], options?: WriteOptions): Promise<Versioned<T['row']>>;
  /** The changes of a row of a resource with `history`, newest first, as the caller may see them. */
  history(context: Context, id: T['id'], query?: HistoryQuery): Promise<Page<HistoryEntry<T['row']>>>;
  /** Deletes a row and answers it as it last was. */
  remove(context: Context, id: T['id'], options?: WriteOptions): Promise<Versioned<T['row']>>;
}

/** The service of a resource, whose reads answer what their selection names. */
export type ServiceOf<R extends Resource, Rs> = SelectingReads<R, Rs> &
  OtherVerbs<{
    row: RowOf<R, Rs>;
    body: BodyOf<R, Rs>;
    patch: PatchOf<R, Rs>;
    id: IdOf<R>;
    far: FarFilters<R, Rs>;
  }>;

/** One service for each resource of an app. */
export type Services<Rs extends Resources> = { readonly [K in keyof Rs]: ServiceOf<Rs[K], Rs> };
