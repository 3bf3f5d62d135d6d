import { LruMap } from '../../../lru-map.ts';
import type { Model } from '../../../rows/model.ts';
import type { ListQuery, Page } from '../../../schema/services/list-query.ts';
import { invalidParameter, refuseUnknown } from '../../requests/route-input.ts';
import { filterOf, isFilterKey } from './filter-query.ts';

/** Rows of one page: where the caller names no limit, and the maximum. */
export const PAGE = { default: 50, max: 200 } as const;
const MAX_PARAMETERS = 100;
const PARAMETERS = ['limit', 'cursor', 'page', 'offset', 'sort', 'search', 'count', 'filter'];
/** Rows that numbered pages reach: each costs what all before it cost, where a cursor costs one page. */
export const MAX_OFFSET = 10_000;

type Query = Readonly<Record<string, unknown>>;

/** Parses the query of a list. Throws `unknown_parameter` and `invalid_query`, naming the parameter. */
export function listQueryOf(query: Query, model: Model): ListQuery {
  const entries = Object.entries(query);
  if (entries.length > MAX_PARAMETERS)
    throw invalidParameter(entries[0]?.[0] ?? '', 'too_many', `give at most ${MAX_PARAMETERS} parameters`);
  refuseUnknown(Object.fromEntries(entries.filter(([name]) => !isFilterKey(name))), PARAMETERS);
  const filter = filterOf(query, model);
  const sort = textOf(query, 'sort')?.split(',');
  const search = textOf(query, 'search');
  const cursor = textOf(query, 'cursor');
  const count = countOf(textOf(query, 'count'));
  const limit = limitOf(textOf(query, 'limit'));
  const offset = offsetOf(query, limit);
  return Object.freeze({
    limit,
    ...(offset !== undefined && { offset }),
    ...(filter && { filter }),
    ...(search !== undefined && { search }),
    ...(sort && { sort }),
    ...(cursor !== undefined && { cursor }),
    ...(count && { count }),
  });
}

function textOf(query: Query, name: string): string | undefined {
  const value = query[name];
  return typeof value === 'string' ? value : undefined;
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return PAGE.default;
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > PAGE.max)
    throw invalidParameter(
      'limit',
      'limit',
      `expected an integer from 1 to ${PAGE.max}, got ${JSON.stringify(text)}`,
    );
  return limit;
}

/** The rows before a numbered page: `page` from 1, or `offset`; neither beside the other nor a cursor. */
function offsetOf(query: Query, limit: number): number | undefined {
  const name = query.page === undefined ? 'offset' : 'page';
  const text = textOf(query, name);
  if (text === undefined) return undefined;
  const other = ['cursor', 'offset'].find((each) => each !== name && query[each] !== undefined);
  if (other !== undefined) throw invalidParameter(name, 'exclusive', `give ${name} or ${other}, not both`);
  const first = name === 'page' ? 1 : 0;
  const max = name === 'page' ? Math.floor(MAX_OFFSET / limit) + 1 : MAX_OFFSET;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : -1;
  if (value < first || value > max)
    throw invalidParameter(
      name,
      'range',
      `expected an integer from ${first} to ${max}, got ${JSON.stringify(text)}; further rows are reached by cursor`,
    );
  return name === 'page' ? (value - 1) * limit : value;
}

function countOf(text: string | undefined): 'exact' | 'estimated' | undefined {
  if (text === undefined || text === 'exact' || text === 'estimated') return text;
  throw invalidParameter('count', 'enum', `expected exact or estimated, got ${JSON.stringify(text)}`);
}

/** The Link header of a page (RFC 8288): the same list from its start, and the parts beside this one. */
export type LinksOf = (page: Page<unknown>) => string;

/** The links of the pages of a list, which is asked for under this URL. */
export function linksUnder(url: string): LinksOf {
  const [path = '', query = ''] = url.replaceAll('>', '%3E').split('?', 2);
  const parts = query.split('&').filter((part) => part !== '' && !/^(?:cursor|page|offset)=/.test(part));
  const whole = parts.length > 0 ? `${path}?${parts.join('&')}` : path;
  const first = `<${whole}>; rel="first"`;
  const stem = `<${whole}${parts.length > 0 ? '&' : '?'}cursor=`;
  const link = (cursor: string, relation: string) =>
    `, ${stem}${encodeURIComponent(cursor)}>; rel="${relation}"`;
  return ({ prev, next }) =>
    first + (prev === null ? '' : link(prev, 'prev')) + (next === null ? '' : link(next, 'next'));
}

const MAX_CACHE_ENTRIES = 500;
const MAX_CACHED_URL_LENGTH = 500;

interface ListRequest {
  readonly query: ListQuery;
  readonly linksOf: LinksOf;
}

/** Parsed list queries by URL: most clients ask for the same few again and again. */
export class ListQueryCache {
  readonly #model: Model;
  readonly #cached = new LruMap<string, ListRequest>(MAX_CACHE_ENTRIES);

  constructor(model: Model) {
    this.#model = model;
  }

  /** Throws what `listQueryOf` throws. */
  of(url: string, query: Query): ListRequest {
    const known = this.#cached.get(url);
    if (known) return known;
    const asked = { query: listQueryOf(query, this.#model), linksOf: linksUnder(url) };
    if (url.length <= MAX_CACHED_URL_LENGTH) this.#cached.set(url, asked);
    return asked;
  }
}
