import type { Caller } from './caller.ts';
import type { Answer } from './contract.ts';
import type { ListQuery } from './filter.ts';
import type { RowId } from './id.ts';
import type { Service } from './service.ts';

/** What of a list's request matters here; every `RouteRequest` with such a query is one. */
interface ListRequest {
  caller: Caller;
  query: { limit?: number; offset?: number };
  url: string;
}

type Listed<Row extends object> = Pick<Service<Row, never, never, RowId>, 'list' | 'stream'>;

/** Parts of up to so many rows are read and sent at once: a stream opens a connection of its own, ten times the cost. */
const AT_ONCE = 1000;

/**
 * Answers all rows of a resource as one JSON array, sent in parts as it is read, so that memory stays flat however many
 * there are. `limit` and `offset` cut it; the answer then has a `Link` header (RFC 8288) to the next and previous parts.
 *
 * @param toWire turns a part's rows into what is sent (default: the rows themselves).
 */
export async function wholeList<Row extends object>(
  service: Listed<Row>,
  { caller, query, url }: ListRequest,
  toWire: (rows: Row[]) => readonly unknown[] | Promise<readonly unknown[]> = (rows) => rows,
): Promise<Answer> {
  const { limit, offset = 0 } = query;
  const cut: ListQuery<Row> = { offset, ...(limit !== undefined && { limit }) };
  if (limit !== undefined && limit > 0 && limit <= AT_ONCE) {
    const { items, next } = await service.list(caller, cut);
    const headers = linkHeader(url, limit, offset, next !== null);
    return { status: 200, body: await toWire(items), ...(headers && { headers }) };
  }
  let headers: Answer['headers'];
  if (limit !== undefined && limit > 0) {
    const beyond = await service.list(caller, { limit: 1, offset: offset + limit });
    headers = linkHeader(url, limit, offset, beyond.items.length > 0);
  }
  const parts = limit === 0 ? nothing() : service.stream(caller, cut);
  return {
    status: 200,
    streamed: { type: 'application/json; charset=utf-8', stream: jsonArray(parts, toWire) },
    ...(headers && { headers }),
  };
}

function linkHeader(url: string, limit: number, offset: number, more: boolean): Answer['headers'] {
  const links: string[] = [];
  if (more) links.push(link(url, limit, offset + limit, 'next'));
  if (offset > 0) links.push(link(url, limit, Math.max(0, offset - limit), 'prev'));
  return links.length > 0 ? { Link: links.join(', ') } : undefined;
}

async function* nothing(): AsyncGenerator<never[]> {}

async function* jsonArray<Row>(
  parts: AsyncIterable<Row[]>,
  toWire: (rows: Row[]) => readonly unknown[] | Promise<readonly unknown[]>,
): AsyncGenerator<string> {
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
