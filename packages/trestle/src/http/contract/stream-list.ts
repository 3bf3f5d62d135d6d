import { FifoMap } from '../../fifo-map.ts';
import type { Caller, Context } from '../../schema/caller.ts';
import { bytes } from '../../schema/routes/bytes.ts';
import { type Answer, answer } from '../../schema/routes/route.ts';
import type { ListConditions, Page } from '../../schema/services/list-query.ts';

/** The members of a list's request that are used; every `RouteRequest` with such a query has them. */
export interface ListRequest {
  /** Who asks. */
  caller: Caller;
  /** The part that is asked for. */
  query: {
    /** Maximum rows (default: all). */
    limit?: number;
    /** Rows to skip (default: 0). */
    offset?: number;
  };
  /** The request's target, for the Link header. */
  url: string;
}

/** A service whose lists are streamed. */
export interface Listed<Row extends object> {
  /** One page of a list. */
  list(context: Context, query: ListConditions<Row>): Promise<Page<Row>>;
}

/** Parts of up to so many rows are read and sent at once. */
const AT_ONCE = 1000;

/** Rows of one page of a streamed list: enough to make a write worth it, few enough to leave the event loop free. */
const PAGE_SIZE = 200;

/**
 * A list without a limit and with no more rows than this is answered at once. A longer one has then been read this far in vain.
 */
const SHORT = 100;
const BEGINNING = Object.freeze({ limit: SHORT, offset: 0 });

/** Repeated requests for a part reuse its plan and headers, up to this length of the URL. */
const MAX_CACHED_PARTS = 100;
const MAX_CACHED_URL_LENGTH = 500;

/** A part as it was asked for; frozen, so that the service keeps its plan too. */
interface Part<Row extends object> {
  readonly query: Readonly<ListConditions<Row>>;
  /** The answer's headers where there are more rows after it, and where there are none. */
  readonly headers: { readonly more: Answer['headers']; readonly last: Answer['headers'] };
}

type ToWire<Row> = (rows: Row[]) => readonly unknown[] | Promise<readonly unknown[]>;

/**
 * The handler of a route that answers all rows of a resource as one JSON array, sent in parts as it is read, so that memory
 * stays flat with any number of rows; a short list is answered at once. `limit` and `offset` select a part; the answer then has
 * a `Link` header (RFC 8288) with the next and previous parts.
 *
 * @param toWire converts a part's rows to the members of the array (default: the rows themselves).
 * @example
 * route('GET', '/notes', { summary: 'All notes', can: rules.notes.read, answers: { 200: null } }, streamList(services.notes));
 */
export function streamList<Row extends object>(
  service: Listed<Row>,
  toWire: ToWire<Row> = (rows) => rows,
): (request: ListRequest) => Promise<Answer> {
  const kept = new FifoMap<string, Part<Row>>(MAX_CACHED_PARTS);
  const partOf = (url: string, limit: number, offset: number): Part<Row> => {
    const known = kept.get(url);
    if (known) return known;
    const next = link(url, limit, offset + limit, 'next');
    const prev = offset > 0 ? [link(url, limit, Math.max(0, offset - limit), 'prev')] : [];
    const part = {
      query: Object.freeze({ limit, offset }),
      headers: {
        more: { Link: [next, ...prev].join(', ') },
        last: prev.length > 0 ? { Link: prev.join() } : undefined,
      },
    };
    if (url.length <= MAX_CACHED_URL_LENGTH) kept.set(url, part);
    return part;
  };
  return async ({ caller, query: { limit, offset = 0 }, url }) => {
    if (limit === undefined) {
      const { items, next } = await service.list(
        { caller },
        offset === 0 ? BEGINNING : { limit: SHORT, offset },
      );
      if (next === null) return answer(200, await toWire(items));
      return streamed(pagesOf(service, { caller }, { offset }), toWire);
    }
    if (limit === 0) return answer(200, await toWire([]));
    const { query, headers } = partOf(url, limit, offset);
    if (limit <= AT_ONCE) {
      const { items, next } = await service.list({ caller }, query);
      return answer(200, await toWire(items), next === null ? headers.last : headers.more);
    }
    const beyond = await service.list({ caller }, { limit: 1, offset: offset + limit });
    const links = beyond.items.length > 0 ? headers.more : headers.last;
    return streamed(pagesOf(service, { caller }, query), toWire, links);
  };
}

/**
 * Answers the rows of a query as one JSON array: up to 1,000 at once, more in parts as they are read, so that a long list
 * neither fills the memory nor holds up other requests. A row that moves meanwhile may be missed or come twice.
 *
 * @param query as `list` takes it; without `limit`, all rows.
 * @param toWire converts a part's rows to the members of the array (default: the rows themselves).
 * @throws {Problem} `invalid_query` where the query is wrong.
 * @example
 * route('GET', '/notes', { summary: 'Notes', can: rules.notes.read, answers: { 200: null } }, ({ caller }) =>
 *   streamRows(services.notes, { caller }, { filter: { title: { contains: 'milk' } }, limit: 5000 }));
 */
export async function streamRows<Row extends object>(
  service: Listed<Row>,
  context: Context,
  query: ListConditions<Row>,
  toWire: ToWire<Row> = (rows) => rows,
): Promise<Answer> {
  if (query.limit === undefined || query.limit > AT_ONCE)
    return streamed(pagesOf(service, context, query), toWire);
  const { items } = await service.list(context, query);
  return answer(200, await toWire(items));
}

/**
 * All rows of a query, page after page by their keys. Nothing is held between two pages, neither a connection nor a snapshot, so
 * that a client that reads slowly costs no other anything; a row that moves meanwhile may be missed or come twice.
 */
async function* pagesOf<Row extends object>(
  service: Listed<Row>,
  context: Context,
  { limit = Number.POSITIVE_INFINITY, offset = 0, ...query }: ListConditions<Row>,
): AsyncGenerator<Row[]> {
  let left = limit;
  let cursor: string | null = null;
  do {
    const size = Math.min(PAGE_SIZE, left);
    const place = cursor === null ? { offset } : { cursor };
    const page: Page<Row> = await service.list(context, { ...query, limit: size, ...place });
    yield page.items;
    left -= page.items.length;
    cursor = page.next;
  } while (cursor !== null && left > 0);
}

function streamed<Row>(
  parts: AsyncIterable<Row[]>,
  toWire: ToWire<Row>,
  headers?: Answer['headers'],
): Answer {
  return bytes({ content: jsonArray(parts, toWire), type: 'application/json; charset=utf-8' }, headers);
}

async function* jsonArray<Row>(parts: AsyncIterable<Row[]>, toWire: ToWire<Row>): AsyncGenerator<string> {
  let before = '[';
  for await (const rows of parts) {
    if (rows.length === 0) continue;
    const part = JSON.stringify(await toWire(rows));
    yield before + part.slice(1, -1);
    before = ',';
  }
  yield before === '[' ? '[]' : ']';
}

function link(url: string, limit: number, offset: number, rel: string): string {
  const [path = '', search = ''] = url.split('?');
  const query = new URLSearchParams(search);
  query.set('limit', String(limit));
  query.set('offset', String(offset));
  return `<${path}?${query}>; rel="${rel}"`;
}
