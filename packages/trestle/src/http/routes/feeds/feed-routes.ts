import { createHash } from 'node:crypto';
import type { Model, Row } from '../../../rows/model.ts';
import type { AnyService } from '../../../rows/write.ts';
import type { RowId } from '../../../schema/id.ts';
import type { Feed } from '../../../schema/resource.ts';
import { bytes } from '../../../schema/routes/bytes.ts';
import { type Route, type RouteRequest, route } from '../../../schema/routes/route.ts';
import { nobody } from '../../../schema/rules.ts';
import { documentedQuery, feedParameters } from '../uniform/list-parameters.ts';
import { ListQueryCache } from '../uniform/list-query.ts';
import { typeName } from '../uniform/route-names.ts';

/** The names of accounts, as far as the caller may know them. */
export type NamesOf = (
  caller: RouteRequest['caller'],
  ids: readonly RowId[],
) => Promise<ReadonlyMap<RowId, string>>;

/** A feed's newest rows, as both formats have them. */
interface Entry {
  readonly id: string;
  readonly path: string;
  readonly title: string;
  readonly date: string;
  readonly author: string | undefined;
  readonly content: string | undefined;
}

const FEED_PARAMETERS = ['limit', 'filter'];
const ATOM = 'application/atom+xml';
const JSON_FEED = 'application/feed+json';

/** `GET /v1/RESOURCE/feed.atom` (RFC 4287) and `feed.json` (JSON Feed 1.1): the newest rows that the caller may read. */
export function feedRoutes(model: Model, feed: Feed, service: AnyService, namesOf: NamesOf): Route[] {
  const lists = new ListQueryCache(model);
  const { name } = model;
  const read = async (request: RouteRequest): Promise<Entry[]> => {
    const { query } = lists.of(request.url, request.query as Record<string, unknown>, FEED_PARAMETERS);
    const { caller } = request;
    const { items } = await service.list({ caller }, { ...query, sort: [`-${feed.date}`] });
    const isAccount = model.byName.get(feed.author ?? '')?.field.type.isAccount ?? false;
    const ids = items.flatMap((row) => (isAccount ? ((row[feed.author ?? ''] ?? []) as RowId) : []));
    const names = isAccount ? await namesOf(caller, ids) : undefined;
    const host = String(request.headers.host ?? name);
    return items.map((row) =>
      entryOf(row, { feed, names, host, path: `${request.base}/v1/${name}/${row.id}` }),
    );
  };
  const described = {
    tag: name,
    can: model.resource.can.read ?? nobody,
    query: documentedQuery(feedParameters(model)),
    checkQuery: false,
    answers: { 200: null },
  } as const;
  const of = (
    extension: string,
    produces: string,
    text: (entries: Entry[], request: RouteRequest) => string,
  ) =>
    route(
      'GET',
      `/${name}/feed.${extension}`,
      {
        ...described,
        produces,
        operationId: `feed${typeName(name)}${extension === 'json' ? 'Json' : 'Atom'}`,
        summary: `The newest ${name}, as ${extension === 'json' ? 'JSON Feed' : 'Atom'}`,
      },
      async (request) => {
        const entries = await read(request);
        const content = Buffer.from(text(entries, request));
        const etag = createHash('sha256').update(content).digest('base64url').slice(0, 22);
        return bytes({ content, type: `${produces}; charset=utf-8`, etag });
      },
    );
  return [
    of('atom', ATOM, (entries, request) => atomText(name, entries, request)),
    of('json', JSON_FEED, (entries, { url }) => {
      const items = entries.map(({ id, path, title, date, author, content }) => ({
        id: `urn:uuid:${id}`,
        url: path,
        title,
        date_published: date,
        content_text: content ?? title,
        ...(author !== undefined && { authors: [{ name: author }] }),
      }));
      const version = 'https://jsonfeed.org/version/1.1';
      return JSON.stringify({ version, title: name, feed_url: url, items });
    }),
  ];
}

function entryOf(
  row: Row,
  {
    feed,
    names,
    host,
    path,
  }: { feed: Feed; names: ReadonlyMap<RowId, string> | undefined; host: string; path: string },
): Entry {
  const text = (name: string | undefined) => {
    const value = name === undefined ? undefined : row[name];
    return value === undefined || value === null ? undefined : String(value);
  };
  const author = feed.author === undefined ? undefined : row[feed.author];
  return {
    id: nameBasedUuid(`${host}${path}`),
    path,
    title: text(feed.title) ?? String(row.id),
    date: text(feed.date) ?? new Date(0).toISOString(),
    author: names ? names.get(author as RowId) : text(feed.author),
    content: text(feed.content),
  };
}

function atomText(name: string, entries: readonly Entry[], { url, headers }: RouteRequest): string {
  const of = (tag: string, text: string) => `<${tag}>${xml(text)}</${tag}>`;
  const all = entries.map(({ id, path, title, date, author, content }) =>
    [
      '<entry>',
      of('id', `urn:uuid:${id}`),
      of('title', title),
      of('updated', date),
      of('published', date),
      `<link rel="alternate" type="application/json" href="${xml(path)}"/>`,
      of('author', '').replace('<author>', `<author>${of('name', author ?? name)}`),
      ...(content === undefined ? [] : [`<content type="text">${xml(content)}</content>`]),
      '</entry>',
    ].join('\n'),
  );
  const updated = entries[0]?.date ?? new Date(0).toISOString();
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<feed xmlns="http://www.w3.org/2005/Atom">',
    of('id', `urn:uuid:${nameBasedUuid(`${headers.host}${url}`)}`),
    of('title', name),
    of('updated', updated),
    `<link rel="self" type="${ATOM}" href="${xml(url)}"/>`,
    ...all,
    '</feed>\n',
  ].join('\n');
}

/** Text of an XML document: without what XML has no characters for. */
function xml(text: string): string {
  const marks: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0, 2.2 allows none of these.
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
      .replace(/[&<>"]/g, (mark) => marks[mark] ?? mark)
  );
}

/** The namespace of URLs (RFC 9562, 6.6). */
const URL_NAMESPACE = Buffer.from('6ba7b8119dad11d180b400c04fd430c8', 'hex');

/** A UUID that is made of a name (version 5: RFC 9562, 5.5), so that an entry has the same id each time. */
function nameBasedUuid(name: string): string {
  const hash = createHash('sha1').update(URL_NAMESPACE).update(`http://${name}`).digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
