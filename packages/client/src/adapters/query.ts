/**
 * The typed client in TanStack Query.
 *
 * @module trestle-client/query
 */

import type { MutationFunctionContext, QueryKey } from '@tanstack/query-core';
import { type Client, type Page, type Result, type RowClient, unwrap } from '../index.ts';
import type { Problem } from '../problems.ts';
import type { UntypedRows } from '../rows.ts';
import type { MutationOf, QueryOf, RowQueries } from './query-options.ts';

export type { MutationOf, PagesOf, QueryOf, RowQueries } from './query-options.ts';

type QueriesOf<R> = {
  readonly [K in keyof R]: R[K] extends RowClient<
    infer Row,
    infer Body,
    infer Patch,
    infer Id,
    infer Rs,
    infer N
  >
    ? RowQueries<Row, Body, Patch, Id, Rs, N>
    : never;
};

/** The answer of `queries()`. */
export interface Queries<A> {
  /** The queries and mutations of each resource. */
  readonly rows: QueriesOf<Client<A>['rows']>;
  /** Any call that answers a result, such as a route of a contract, as a query. */
  query<Data>(
    key: QueryKey,
    call: (context: { signal: AbortSignal }) => Promise<Result<Data>>,
  ): QueryOf<Data>;
  /** Any call that changes something, such as a batch, as a mutation. */
  mutation<Input, Data>(call: (input: Input) => Promise<Result<Data>>): MutationOf<Input, Data>;
}

type Untyped<Data = unknown> = Promise<Result<Data, Problem<string>>>;

/**
 * Options for TanStack Query, of React, Vue, Svelte, Solid and Angular alike. Queries end with their signal; a mutation makes every
 * query of the client read again that is shown, because rows are shown in others too (`expand`, counts).
 *
 * @param scope first part of every key (default: `trestle`); another for each of several clients of one `QueryClient`.
 * @example
 * const { rows } = queries(client);
 * const projects = useQuery(rows.projects.list({ filter: { active: { eq: true } } }));
 * const more = useInfiniteQuery(rows.projects.pages({ sort: ['-creation_date'] }));
 * const rename = useMutation(rows.projects.patch());
 * rename.mutate({ id: 7, patch: { title: 'New' } });
 */
export function queries<A>(client: Client<A>, scope = 'trestle'): Queries<A> {
  const query = (key: QueryKey, call: (context: { signal: AbortSignal }) => Untyped) => ({
    queryKey: [scope, ...key],
    queryFn: async (context: { signal: AbortSignal }) => unwrap(await call({ signal: context.signal })),
  });
  const mutation = (call: (input: never) => Untyped) => ({
    mutationFn: async (input: never) => unwrap(await call(input)),
    onSuccess: (_data: unknown, _input: unknown, _made: unknown, context: MutationFunctionContext) =>
      context.client.invalidateQueries({ queryKey: [scope] }),
  });
  const rowsOf = (name: string, rows: UntypedRows) => ({
    list: (asked: object = {}) => query([name, 'list', asked], (context) => rows.list(asked, context)),
    pages: (asked: object = {}) => ({
      queryKey: [scope, name, 'pages', asked],
      queryFn: async ({
        signal,
        pageParam: cursor,
      }: {
        signal: AbortSignal;
        pageParam: string | undefined;
      }) => unwrap(await rows.list({ ...asked, cursor }, { signal })),
      initialPageParam: undefined,
      getNextPageParam: ({ next }: Page<unknown>) => next,
      getPreviousPageParam: ({ prev }: Page<unknown>) => prev,
    }),
    get: (id: unknown, selection: object = {}) =>
      query([name, 'get', id, selection], (context) => rows.get(id, { ...selection, ...context })),
    create: () => mutation((body) => rows.create(body)),
    patch: () => mutation(({ id, patch }: { id: unknown; patch: unknown }) => rows.patch(id, patch)),
    replace: () => mutation(({ id, body }: { id: unknown; body: unknown }) => rows.replace(id, body)),
    transition: () => mutation(({ id, name }: { id: unknown; name: string }) => rows.transition(id, name)),
    delete: () => mutation((id) => rows.delete(id)),
  });
  const all = client.rows as unknown as Readonly<Record<string, UntypedRows>>;
  const rows = new Proxy(Object.freeze({}), {
    get: (_target, name) => {
      const own = typeof name === 'string' ? all[name] : undefined;
      return own && rowsOf(String(name), own);
    },
  });
  // The types of rows follow from the client's; at run time any name has its verbs.
  return { rows, query, mutation } as unknown as Queries<A>;
}
