import { type TSchema, Type } from 'typebox';
import type { Model } from '../../../rows/model.ts';
import { type Route, type RouteRequest, route } from '../../../schema/routes/route.ts';
import type { Rule } from '../../../schema/rules.ts';
import type { ListQuery, Page } from '../../../schema/services/list-query.ts';
import { documentedQuery, listParameters } from './list-parameters.ts';
import { ListQueryCache, textOf } from './list-query.ts';
import { rowName, titled } from './route-names.ts';

interface PageOptions<P extends TSchema | undefined> {
  operationId: string;
  summary: string;
  description?: string;
  tag: string;
  can: Rule;
  /** Its fields can be filtered and sorted by. */
  model: Model;
  /** The schema of one item. */
  item: TSchema;
  /** Of the path (default: it has no parameters). */
  params?: P;
}

type ParamsOf<P> = P extends TSchema ? { id: string } : Record<string, never>;

/** `GET` of a list in pages: filter, sort, cursor and Link header, alike for every list. */
export function pageRoute<const P extends TSchema | undefined = undefined>(
  path: string,
  { model, item, params, ...options }: PageOptions<P>,
  list: (
    request: RouteRequest<{ params: ParamsOf<P>; query: unknown; body: unknown }>,
    query: ListQuery,
    cursor: string | undefined,
  ) => Promise<Page<unknown>>,
): Route {
  const lists = new ListQueryCache(model);
  const described = {
    ...options,
    query: documentedQuery(listParameters(model)),
    checkQuery: false,
    sends: ['Link'],
    answers: { 200: pageOf(model.name, item) },
    ...(params && { params }),
  };
  return route('GET', path, described, async (request) => {
    const { query, linksOf } = lists.of(request.url, request.query);
    // The path's only parameter is an id.
    const page = await list(
      request as unknown as RouteRequest<{ params: ParamsOf<P>; query: unknown; body: unknown }>,
      query,
      textOf(request.query, 'cursor'),
    );
    return { status: 200, body: page, headers: { link: linksOf(page) } };
  });
}

export function pageOf(name: string, item: TSchema): TSchema {
  const cursor = Type.Union([Type.String(), Type.Null()]);
  const members = {
    items: Type.Array(item),
    next: cursor,
    prev: cursor,
    total: Type.Optional(Type.Integer()),
  };
  return titled(`${rowName(name)}Page`, Type.Object(members));
}
