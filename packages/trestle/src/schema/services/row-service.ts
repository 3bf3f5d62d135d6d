import type { Caller } from '../caller.ts';
import type { RowId } from '../id.ts';
import type { Resource } from '../resource.ts';
import type { BodyOf, IdOf, PatchOf, Resources, RowOf } from '../row-types.ts';
import type { ChildQuery, ListQuery, Page } from './list-query.ts';

/** The version of a row, which its ETag is made of; on rows that one of the single-row verbs answered. */
export const VERSION: unique symbol = Symbol('version');

/** A row with the version it was read at. JSON does not show it. */
export type Versioned<Row> = Row & { readonly [VERSION]: number };

/** Only write where the row's version is one of these; otherwise `precondition_failed`. `*`: any version (RFC 9110, 13.1.1). */
export interface WriteOptions {
  ifMatch?: readonly number[] | '*';
}

/**
 * What every channel uses to touch rows: contract routes, the uniform API, operations and the app's own code.
 * The declared rules are applied inside, in the transaction of the write. Every method throws `Problem`:
 * `unauthenticated`, `forbidden`, `not_found`, `invalid`, `unknown_field`, `conflict`, `precondition_failed`, `unavailable`.
 */
export interface Service<Row extends object, Body, Patch, I extends RowId> {
  create(caller: Caller, body: Body): Promise<Versioned<Row>>;
  /** One row; where the resource counts reads, this counts one, and the answer shows it. */
  read(caller: Caller, id: I): Promise<Versioned<Row>>;
  /** One row as it is, without counting; for HEAD and for an app's own checks. */
  peek(caller: Caller, id: I): Promise<Versioned<Row>>;
  list(caller: Caller, query?: ListQuery<Row>): Promise<Page<Row>>;
  /** All rows of a query in parts, from one consistent snapshot, with flat memory. */
  stream(caller: Caller, query?: ListQuery<Row>): AsyncIterable<Row[]>;
  /** The children of many parents by a reference field, in one query: parent id to its rows, in the resource's order. */
  children(
    caller: Caller,
    field: keyof Row & string,
    parents: readonly RowId[],
    query: ChildQuery,
  ): Promise<Map<RowId, Row[]>>;
  /** Rows by id in one query; ids that are missing or may not be read are left out. */
  readMany(caller: Caller, ids: readonly I[]): Promise<Map<I, Row>>;
  replace(caller: Caller, id: I, body: Body, options?: WriteOptions): Promise<Versioned<Row>>;
  patch(caller: Caller, id: I, body: Patch, options?: WriteOptions): Promise<Versioned<Row>>;
  /** Deletes a row and answers it as it last was. */
  remove(caller: Caller, id: I, options?: WriteOptions): Promise<Versioned<Row>>;
}

export type ServiceOf<R extends Resource, Rs> = Service<RowOf<R, Rs>, BodyOf<R, Rs>, PatchOf<R, Rs>, IdOf<R>>;

/** One service for each resource of an app. */
export type Services<Rs extends Resources> = { readonly [K in keyof Rs]: ServiceOf<Rs[K], Rs> };
