import type { ListQuery, Page } from '../../declare/filter.ts';
import type { Model } from '../../services/model.ts';
import { invalidParameter, refuseUnknown } from '../route-input.ts';
import { filterOf, isFilterKey } from './filter-query.ts';

/** Rows of one page where the caller names no limit, and the most that may be named. */
export const PAGE = { usual: 50, most: 200 } as const;
const MOST_PARAMETERS = 100;
const PARAMETERS = ['limit', 'cursor', 'sort', 'search', 'count', 'filter'];

type Query = Readonly<Record<string, unknown>>;

/** What a list's query asks for. Throws `unknown_parameter` and `invalid_query`, naming the parameter. */
export function listQueryOf(query: Query, model: Model): ListQuery {
  const entries = Object.entries(query);
  if (entries.length > MOST_PARAMETERS)
    throw invalidParameter(entries[0]?.[0] ?? '', 'too_many', `give at most ${MOST_PARAMETERS} parameters`);
  refuseUnknown(Object.fromEntries(entries.filter(([name]) => !isFilterKey(name))), PARAMETERS);
  const filter = filterOf(query, model);
  const sort = textOf(query, 'sort')?.split(',');
  const search = textOf(query, 'search');
  const cursor = textOf(query, 'cursor');
  const count = countOf(textOf(query, 'count'));
  return {
    limit: limitOf(textOf(query, 'limit')),
    ...(filter && { filter }),
    ...(search !== undefined && { search }),
    ...(sort && { sort }),
    ...(cursor !== undefined && { cursor }),
    ...(count && { count }),
  };
}

function textOf(query: Query, name: string): string | undefined {
  const value = query[name];
  return typeof value === 'string' ? value : undefined;
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return PAGE.usual;
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > PAGE.most)
    throw invalidParameter(
      'limit',
      'limit',
      `expected a whole number from 1 to ${PAGE.most}, got ${JSON.stringify(text)}`,
    );
  return limit;
}

function countOf(text: string | undefined): 'exact' | 'estimated' | undefined {
  if (text === undefined || text === 'exact' || text === 'estimated') return text;
  throw invalidParameter('count', 'enum', `expected exact or estimated, got ${JSON.stringify(text)}`);
}

/** The Link header of a page (RFC 8288): the same list from its start, and the parts beside this one. */
export function linksOf(url: string, page: Page<unknown>): string {
  const links = [link(url, null, 'first')];
  if (page.prev !== null) links.push(link(url, page.prev, 'prev'));
  if (page.next !== null) links.push(link(url, page.next, 'next'));
  return links.join(', ');
}

function link(url: string, cursor: string | null, relation: string): string {
  const [path = '', query = ''] = url.split('?', 2);
  const parts = query.split('&').filter((part) => part !== '' && !part.startsWith('cursor='));
  if (cursor !== null) parts.push(`cursor=${encodeURIComponent(cursor)}`);
  const target = parts.length > 0 ? `${path}?${parts.join('&')}` : path;
  return `<${target.replaceAll('>', '%3E')}>; rel="${relation}"`;
}
