import { FifoMap } from '../../../fifo-map.ts';
import { Problem } from '../../../problems.ts';
import { filterable } from '../../../rows/lists/filter-sql.ts';
import type { Model, ModelField } from '../../../rows/model.ts';
import {
  type ExpandQuery,
  type Filter,
  type ListQuery,
  OPERATORS,
  type Page,
  type Selection,
} from '../../../schema/services/list-query.ts';
import { parseJsonText } from '../../requests/bodies.ts';
import { invalidParameter, refuseUnknown } from '../../requests/input.ts';

/** Rows of one page: where the caller names no limit, and the maximum. */
export const PAGE = { default: 50, max: 200 } as const;
const MAX_PARAMETERS = 100;
const SELECTION = ['fields', 'expand'];
const PARAMETERS = ['limit', 'cursor', 'page', 'offset', 'sort', 'search', 'count', 'filter', ...SELECTION];
const PARAMETERS_WITH_DELETED = [...PARAMETERS, 'deleted'];
/** Rows that numbered pages reach: each costs what all before it cost, where a cursor costs one page. */
export const MAX_OFFSET = 10_000;

type Query = Readonly<Record<string, unknown>>;

/** Parses the query of a list, but for its cursor. Throws `unknown_parameter` and `invalid_query`, naming the parameter. */
function listQueryOf(query: Query, model: Model, parameters: readonly string[]): ListQuery {
  const entries = Object.entries(query);
  if (entries.length > MAX_PARAMETERS)
    throw invalidParameter(entries[0]?.[0] ?? '', 'too_many', `give at most ${MAX_PARAMETERS} parameters`);
  const expands = parameters.includes('expand');
  const plain = entries.filter(([name]) => !isFilterKey(name) && !(expands && name.startsWith('expand[')));
  refuseUnknown(Object.fromEntries(plain), parameters);
  const filter = filterOf(query, model);
  const sort = textOf(query, 'sort')?.split(',');
  const search = textOf(query, 'search');
  const count = textOf(query, 'count');
  if (count !== undefined && count !== 'exact' && count !== 'estimated')
    throw invalidParameter('count', 'enum', `expected exact or estimated, got ${JSON.stringify(count)}`);
  const deleted = textOf(query, 'deleted');
  if (deleted !== undefined && deleted !== 'true' && deleted !== 'false')
    throw invalidParameter('deleted', 'type', `expected true or false, got ${JSON.stringify(deleted)}`);
  const limit = limitOf(textOf(query, 'limit'));
  const offset = offsetOf(query, limit);
  return Object.freeze({
    limit,
    ...selectionOf(query, model),
    ...(offset !== undefined && { offset }),
    ...(filter && { filter }),
    ...(search !== undefined && { search }),
    ...(sort && { sort }),
    ...(count && { count }),
    ...(deleted === 'true' && { deleted: true }),
    shortLists: true,
  });
}

/** A search as it comes in a body, checked against its schema. */
interface SearchBody extends Omit<ListQuery, 'shortLists'> {
  readonly page?: number;
}

/** The list that the body of a search asks for. Throws `invalid_query`. */
export function searchQueryOf({ page, offset, cursor, ...query }: SearchBody): ListQuery {
  const limit = query.limit ?? PAGE.default;
  const places = Object.entries({ page, offset, cursor }).filter(([, value]) => value !== undefined);
  const skipped = offsetOf(Object.fromEntries(places.map(([name, value]) => [name, String(value)])), limit);
  return { ...query, limit, ...(skipped !== undefined && { offset: skipped }), shortLists: true };
}

/** Parses `fields` and `expand` of a query that has no other parameters. Throws `unknown_parameter` and `invalid_query`. */
export function onlySelectionOf(query: Query, model: Model): Selection | undefined {
  const names = Object.keys(query);
  if (names.length === 0) return undefined;
  const plain = Object.entries(query).filter(([name]) => !name.startsWith('expand['));
  refuseUnknown(Object.fromEntries(plain), SELECTION);
  return selectionOf(query, model);
}

function selectionOf(query: Query, model: Model): Selection {
  const fields = textOf(query, 'fields')?.split(',');
  const expand = expandOf(query, model);
  return { ...(fields && { fields }), ...(expand && { expand }) };
}

/** Options of one relation while they are read. */
interface Relation {
  readonly options: Record<string, unknown>;
  readonly inner: Map<string, Relation>;
}

/**
 * The relations to follow: `expand=author,comments.author`, with options of each in brackets, `expand[comments][limit]=3`,
 * `[sort]`, `[fields]` and `[filter][FIELD][OPERATOR]`. Whether there are such relations is the services' to say.
 */
function expandOf(query: Query, model: Model): ExpandQuery | undefined {
  const root: Relation = { options: {}, inner: new Map() };
  for (const path of textOf(query, 'expand')?.split(',') ?? []) {
    let relation = root;
    for (const name of path.split('.')) {
      const known = relation.inner.get(name) ?? { options: {}, inner: new Map() };
      relation.inner.set(name, known);
      relation = known;
    }
  }
  readRelationOptions(query, model, root);
  return root.inner.size > 0 ? expanded(root) : undefined;
}

/** Reads what stands in brackets of each relation. */
function readRelationOptions(query: Query, model: Model, root: Relation): void {
  const filters = new Map<string, Record<string, unknown>>();
  const find = (path: string) =>
    path.split('.').reduce<Relation | undefined>((outer, name) => outer?.inner.get(name), root);
  for (const [name, value] of Object.entries(query)) {
    if (!name.startsWith('expand[')) continue;
    const [, path = '', option = '', rest = ''] = /^expand\[([^[\]]+)\]\[([^[\]]+)\](.*)$/.exec(name) ?? [];
    const relation = find(path);
    if (!relation || (option !== 'filter' && rest !== ''))
      throw invalidParameter(name, 'syntax', 'name a relation of expand: expand[comments][limit]=3');
    if (option === 'filter') filters.set(path, { ...filters.get(path), [`filter${rest}`]: value });
    else relation.options[option] = expandOption(name, option, value);
  }
  for (const [path, filter] of filters) {
    const target = path
      .split('.')
      .reduce<Model | undefined>((outer, name) => outer?.related(name)?.model, model);
    if (target) Object.assign(find(path)?.options ?? {}, { filter: filterOf(filter, target) });
  }
}

function expandOption(name: string, option: string, value: unknown): unknown {
  if (typeof value !== 'string') throw invalidParameter(name, 'repeated', 'give this parameter once');
  if (option === 'limit') return limitOf(value, name);
  if (option === 'sort' || option === 'fields') return value.split(',');
  throw invalidParameter(name, 'unknown', 'the options of a relation are limit, sort, fields and filter');
}

function expanded({ inner }: Relation): ExpandQuery {
  const entries = [...inner].map(([name, relation]) => {
    const { options } = relation;
    const deeper = relation.inner.size > 0 && { expand: expanded(relation) };
    const plain = relation.inner.size === 0 && Object.keys(options).length === 0;
    return [name, plain ? true : Object.freeze({ ...options, ...deeper })];
  });
  return Object.fromEntries(entries);
}

/** A parameter that is given once. */
export function textOf(query: Query, name: string): string | undefined {
  const value = query[name];
  return typeof value === 'string' ? value : undefined;
}

function limitOf(text: string | undefined, name = 'limit'): number {
  if (text === undefined) return PAGE.default;
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > PAGE.max)
    throw invalidParameter(
      name,
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

/** The Link header of a page (RFC 8288): the same list from its start, and the parts beside this one. */
type LinksOf = (page: Page<unknown>) => string;

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

/** Parsed list queries by URL without the cursor: most clients ask for the same few again and again. */
export class ListQueryCache {
  readonly #model: Model;
  readonly #cached = new FifoMap<string, ListRequest>(MAX_CACHE_ENTRIES);

  constructor(model: Model) {
    this.#model = model;
  }

  /** The list that a page is asked of. `parameters` are those it may have (default: all). Throws `unknown_parameter` and `invalid_query`. */
  of(
    url: string,
    query: Query,
    parameters: readonly string[] = this.#model.live ? PARAMETERS_WITH_DELETED : PARAMETERS,
  ): ListRequest {
    const isPage = typeof query.cursor === 'string';
    const list = isPage ? url.replace(/([?&])cursor=[^&]*&?/, '$1').replace(/[?&]$/, '') : url;
    const known = this.#cached.get(list);
    // A numbered page has no cursor beside it.
    if (known && !(isPage && known.query.offset !== undefined)) return known;
    const asked = { query: listQueryOf(query, this.#model, parameters), linksOf: linksUnder(list) };
    if (list.length <= MAX_CACHED_URL_LENGTH) this.#cached.set(list, asked);
    return asked;
  }
}

/** Maximum characters of all filter parameters together. */
const MAX_LENGTH = 2000;
const KEY = /^filter((?:\[[^[\]]*\])+)$/;
const SYNTAX =
  'write filter[field]=value, filter[field][operator]=value or filter[or][0][field][operator]=value';

/** Conditions by field; of what a reference leads to, by its name. */
type Conditions = Map<string, Record<string, unknown> | Conditions>;

function plain(conditions: Conditions): Filter {
  const entries = [...conditions].map(([name, each]) => [name, each instanceof Map ? plain(each) : each]);
  return Object.fromEntries(entries);
}

/** One group of conditions while it is read; becomes a `Filter`. */
interface Group {
  fields: Conditions;
  or: Map<number, Group>;
  /** Alternatives that came as one JSON text. */
  json?: readonly Filter[];
}

/** Whether a parameter belongs to the filter. */
export function isFilterKey(name: string): boolean {
  return name === 'filter' || name.startsWith('filter[');
}

/**
 * The filter of a query: `filter[field][op]=value`, `eq` where no operator is named, lists repeated or with commas (`\,` is a
 * comma inside a value), alternatives as `filter[or][0][field][op]` or as JSON, `filter[or]=[{"field":{"op":value}}]`. Texts
 * become what the field holds; whether field and operator exist and fit is the services' to say. Throws `invalid_query`.
 */
export function filterOf(query: Readonly<Record<string, unknown>>, model: Model): Filter | undefined {
  const root: Group = { fields: new Map(), or: new Map() };
  let length = 0;
  for (const [name, value] of Object.entries(query)) {
    if (!isFilterKey(name)) continue;
    const texts = [value].flat().map(String);
    for (const text of texts) length += name.length + text.length;
    if (length > MAX_LENGTH)
      throw new Problem('invalid_query', { detail: `A filter may have ${MAX_LENGTH} characters at most.` });
    if (name === 'filter[or]') root.json = alternatives(texts);
    else place(root, name, texts, model);
  }
  return length > 0 ? finished(root) : undefined;
}

/** `filter[or]` as one parameter, for clients that cannot number parameters. */
function alternatives(texts: readonly string[]): readonly Filter[] {
  const [text = '', ...others] = texts;
  if (others.length > 0) throw invalidParameter('filter[or]', 'repeated', 'give this condition once');
  let filters: unknown;
  try {
    filters = parseJsonText(text);
  } catch {
    // Whatever is wrong with its JSON, it is no array of filters.
  }
  if (Array.isArray(filters)) return filters;
  throw invalidParameter('filter[or]', 'syntax', 'expected a JSON array of filters');
}

function place(root: Group, name: string, texts: readonly string[], model: Model): void {
  const path = KEY.exec(name)?.[1]?.slice(1, -1).split('][');
  if (!path) throw invalidParameter(name, 'syntax', SYNTAX);
  let group = root;
  while (path[0] === 'or' && path.length > 2) {
    path.shift();
    const index = path.shift() ?? '';
    if (!/^\d{1,2}$/.test(index)) throw invalidParameter(name, 'syntax', SYNTAX);
    const known = group.or.get(Number(index)) ?? { fields: new Map(), or: new Map() };
    group.or.set(Number(index), known);
    group = known;
  }
  // Conditions on what a row refers to: filter[author][name][eq].
  let target = model;
  let { fields } = group;
  for (let far = farOf(target, path); far; far = farOf(target, path)) {
    target = far;
    const relation = path.shift() ?? '';
    const inner = fields.get(relation) ?? new Map();
    if (!(inner instanceof Map)) throw invalidParameter(name, 'syntax', SYNTAX);
    fields.set(relation, inner);
    fields = inner;
  }
  const [field = '', operator = 'eq', ...rest] = path;
  if (rest.length > 0 || field === '' || field === 'or') throw invalidParameter(name, 'syntax', SYNTAX);
  const conditions = fields.get(field) ?? Object.create(null);
  if (conditions instanceof Map) throw invalidParameter(name, 'syntax', SYNTAX);
  if (operator in conditions) throw invalidParameter(name, 'repeated', 'give this condition once');
  const known = target.readable.find((each) => each.name === field) ?? filterable(target, field);
  conditions[operator] = comparand(name, texts, operator, known);
  fields.set(field, conditions);
}

/** The resource that the rest of a path is about, where it begins with a reference and names no operator of that. */
function farOf(model: Model, [name = '', next]: readonly string[]): Model | undefined {
  const related = next !== undefined && !Object.hasOwn(OPERATORS, next) ? model.related(name) : undefined;
  return related?.kind === 'one' ? related.model : undefined;
}

function finished(group: Group): Filter {
  const or = [...group.or].sort(([a], [b]) => a - b).map(([, each]) => finished(each));
  const fields = plain(group.fields);
  if (or.length > 0 && group.json)
    throw invalidParameter('filter[or]', 'repeated', 'give alternatives in one of the two forms');
  return or.length > 0 || group.json ? Object.assign(fields, { or: group.json ?? or }) : fields;
}

/** The operand of an operator, converted to the field's type. Text that cannot be converted stays, for the service to reject. */
function comparand(
  name: string,
  texts: readonly string[],
  operator: string,
  field: ModelField | undefined,
): unknown {
  const takes = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator as keyof typeof OPERATORS] : 'value';
  if (takes === 'list' || takes === 'pair') return texts.flatMap(splitList).map((item) => typed(item, field));
  const [text = '', ...others] = texts;
  if (others.length > 0) throw invalidParameter(name, 'repeated', 'give this condition once');
  if (takes === 'text') return text;
  return takes === 'flag' ? flag(text) : typed(text, field);
}

/** Commas part a list; a backslash takes the next character as it is. */
function splitList(text: string): string[] {
  const items = [''];
  for (const [piece] of text.matchAll(/\\[\s\S]|,|[^\\,]+|\\$/g)) {
    if (piece === ',') items.push('');
    else
      items.push((items.pop() ?? '') + (piece.length > 1 && piece.startsWith('\\') ? piece.slice(1) : piece));
  }
  return items;
}

function flag(text: string): unknown {
  if (text === 'true') return true;
  return text === 'false' ? false : text;
}

/** `null` is null where it is not itself a value of the field. */
function typed(text: string, field: ModelField | undefined): unknown {
  if (!field) return text;
  if (text === 'null' && field.field.nullable && !field.type.accepts(text)) return null;
  return field.type.fromText(text, () => text);
}
