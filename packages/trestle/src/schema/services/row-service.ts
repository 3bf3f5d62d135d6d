import type { Context } from '../context.ts';
import type { RowId } from '../id.ts';
import type { Resource } from '../resource.ts';
import type { BodyOf, IdOf, PatchOf, Resources, RowOf } from '../row-types.ts';
import type { ChildQuery, ListQuery, Page } from './list-query.ts';

/** The version of a row, which its ETag is made of; on rows that one of the single-row verbs answered. */
export const VERSION: unique symbol = Symbol('version');

/** A row with the version it was read at. JSON does not show it. */
export type Versioned<Row> = Row & { readonly [VERSION]: number };

/** How a row is written. `ifMatch`: only where its version is one of these, else `precondition_failed`; `*` is any (RFC 9110, 13.1.1). */
export interface WriteOptions {
  readonly ifMatch?: readonly number[] | '*' | undefined;
  /** Equal values are an edit too: version, `updatedAt` and counters move (default: false, nothing changes). */
  readonly touch?: boolean;
}

/**
 * What every channel uses to touch rows: contract routes, the uniform API, operations and the app's own code.
 * The declared rules are applied inside, in the transaction of the write: the context's, where it has one, else one of its
 * own. Every method throws `Problem`:
 * `unauthenticated`, `forbidden`, `not_found`, `invalid`, `unknown_field`, `conflict`, `precondition_failed`, `unavailable`.
 */
export interface Service<Row extends object, Body, Patch, I extends RowId> {
  create(context: Context, body: Body): Promise<Versioned<Row>>;
  /** One row; where the resource counts reads, this counts one, and the answer shows it. */
  read(context: Context, id: I): Promise<Versioned<Row>>;
  /** One row as it is, without counting; for HEAD and for an app's own checks. */
  peek(context: Context, id: I): Promise<Versioned<Row>>;
  list(context: Context, query?: ListQuery<Row>): Promise<Page<Row>>;
  /** All rows of a query in parts, from one consistent snapshot, with flat memory; in a transaction they are read at once. */
  stream(context: Context, query?: ListQuery<Row>): AsyncIterable<Row[]>;
  /** The children of many parents by a reference field, in one query: parent id to its rows, in the resource's order. */
  children(
    context: Context,
    field: keyof Row & string,
    parents: readonly RowId[],
    query: ChildQuery,
  ): Promise<Map<RowId, Row[]>>;
  /** Rows by id in one query; ids that are missing or may not be read are left out. */
  readMany(context: Context, ids: readonly I[]): Promise<Map<I, Row>>;
  replace(context: Context, id: I, body: Body, options?: WriteOptions): Promise<Versioned<Row>>;
  patch(context: Context, id: I, body: Patch, options?: WriteOptions): Promise<Versioned<Row>>;
  /** Deletes a row and answers it as it last was. */
  remove(context: Context, id: I, options?: WriteOptions): Promise<Versioned<Row>>;
}

export type ServiceOf<R extends Resource, Rs> = Service<RowOf<R, Rs>, BodyOf<R, Rs>, PatchOf<R, Rs>, IdOf<R>>;

/** One service for each resource of an app. */
export type Services<Rs extends Resources> = { readonly [K in keyof Rs]: ServiceOf<Rs[K], Rs> };
