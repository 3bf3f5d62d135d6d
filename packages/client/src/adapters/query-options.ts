import type { DataTag, MutationFunctionContext, QueryKey } from '@tanstack/query-core';
import type { ListQuery, Page, ProblemError, Selected, Selection } from '../index.ts';
import type { Exact, WholeQuery } from '../query.ts';

/** Options of `useQuery` and its kin. */
export interface QueryOf<Data> {
  /** The key: scope, resource, verb and query. */
  readonly queryKey: DataTag<QueryKey, Data, ProblemError>;
  /** Asks the server. */
  readonly queryFn: (context: { signal: AbortSignal }) => Promise<Data>;
}

/** Options of `useInfiniteQuery`: pages by cursor. */
export interface PagesOf<Row> {
  /** The key: scope, resource, verb and query. */
  readonly queryKey: DataTag<
    QueryKey,
    { pages: Page<Row>[]; pageParams: (string | undefined)[] },
    ProblemError
  >;
  /** Asks the server for a page. */
  readonly queryFn: (context: { signal: AbortSignal; pageParam: string | undefined }) => Promise<Page<Row>>;
  /** The cursor of the first page: none. */
  readonly initialPageParam: string | undefined;
  /** The cursor of the page after one. */
  readonly getNextPageParam: (page: Page<Row>) => string | null;
  /** The cursor of the page before one. */
  readonly getPreviousPageParam: (page: Page<Row>) => string | null;
}

/** Options of `useMutation`. */
export interface MutationOf<Input, Data> {
  /** Makes the change. */
  readonly mutationFn: (input: Input) => Promise<Data>;
  /** Makes every query of the client read again that is shown. */
  readonly onSuccess: (
    data: Data,
    input: Input,
    made: unknown,
    context: MutationFunctionContext,
  ) => Promise<void>;
}

/** The queries and mutations of one resource. */
export interface RowQueries<Row, Body, Patch, Id, Rs, N> {
  /** One page of a list. */
  list<const Q extends ListQuery<Row, Rs, N>>(
    query?: Q & Exact<Q, ListQuery<Row, Rs, N>>,
  ): QueryOf<Page<Selected<Rs, N, Q>>>;
  /** A list page by page. */
  pages<const Q extends WholeQuery<Row, Rs, N>>(
    query?: Q & Exact<Q, WholeQuery<Row, Rs, N>>,
  ): PagesOf<Selected<Rs, N, Q>>;
  /** One row. */
  get<const Q extends Selection<Rs, N>>(
    id: Id,
    selection?: Q & Exact<Q, Selection<Rs, N>>,
  ): QueryOf<Selected<Rs, N, Q>>;
  /** Creates a row. */
  create(): MutationOf<Body, Row>;
  /** Changes the fields that are given. */
  patch(): MutationOf<{ id: Id; patch: Patch }, Row>;
  /** Replaces a row. */
  replace(): MutationOf<{ id: Id; body: Body }, Row>;
  /** Makes a declared transition. */
  transition(): MutationOf<{ id: Id; name: string }, Row>;
  /** Deletes a row. */
  delete(): MutationOf<Id, undefined>;
}
