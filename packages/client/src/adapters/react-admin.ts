/**
 * The typed client as a data provider of react-admin.
 *
 * @module trestle-client/react-admin
 */

import type { DataProvider, GetListParams, Identifier } from 'ra-core';
import { type Page, type Problem, ProblemError, type Result } from '../index.ts';
import type { UntypedRows } from '../rows.ts';

/** Maximum values of `in`, and rows of one page. */
const MAX_VALUES = 100;
const MAX_LIMIT = 200;

type Values = Readonly<Record<string, unknown>>;
type Row = Values & { id: Identifier };
type Verb =
  | `get${'List' | 'One' | 'Many' | 'ManyReference'}`
  | `${'update' | 'delete'}${'' | 'Many'}`
  | 'create';
type Untyped = { readonly supportAbortSignal: true } & {
  readonly [V in Verb]: (resource: string, params: Parameters<DataProvider[V]>[1]) => Promise<object>;
};

const OPERATORS = 'eq ne gt gte lt lte in nin null contains icontains starts ends between has or'.split(' ');

/**
 * A react-admin data provider over a client.
 *
 * A filter is a value (`{ active: true }`), values of which one is looked for (`{ id: [1, 2] }`), operators (a filter input whose source
 * is `price.gte`), the same of what a reference leads to (`author.name.starts`), and `q` for a text search. `meta` takes `fields` and
 * `expand`. An update sends the fields that changed, of the version that was read: where somebody else was faster, the error's
 * `problem` has both rows. Problems of fields are shown at their inputs.
 *
 * @throws {ProblemError} with `status` and `body`, as react-admin's own `HttpError` has them.
 * @example
 * const client = createClient<typeof app>({ url: 'https://example.com', key });
 * const admin = <Admin dataProvider={dataProvider(client)}>…</Admin>;
 */
export function dataProvider(client: { readonly rows: object }): DataProvider {
  // The names of resources are react-admin's; at run time any name has its verbs.
  const rowsOf = (resource: string) =>
    (client.rows as Readonly<Record<string, UntypedRows>>)[resource] as UntypedRows;

  const listed = async (resource: string, params: GetListParams, fixed: Values = {}) => {
    const { page = 1, perPage = 25 } = params.pagination ?? {};
    const { q, ...filter } = params.filter ?? {};
    const query = {
      ...selectionOf(params.meta),
      ...(q && { search: String(q) }),
      ...(params.sort?.field && { sort: [`${params.sort.order === 'DESC' ? '-' : ''}${params.sort.field}`] }),
      filter: { ...filterOf(filter), ...fixed },
      count: 'exact',
    };
    const options = params.signal && { signal: params.signal };
    const rows = rowsOf(resource);
    const limit = Math.min(perPage, MAX_LIMIT);
    // An export asks for more rows than a page has: they are read page by page.
    const first = value(await rows.list({ ...query, limit, offset: (page - 1) * perPage }, options));
    const data = [...first.items];
    for (let { next } = first; next !== null && data.length < perPage; ) {
      const more: Page<unknown> = value(await rows.list({ ...query, limit, cursor: next }, options));
      data.push(...more.items);
      next = more.next;
    }
    return { data: data.slice(0, perPage) as Row[], total: first.total ?? data.length };
  };

  const inParts = async (
    ids: readonly Identifier[],
    run: (part: readonly Identifier[]) => Promise<Result<unknown>>,
  ) => {
    for (let at = 0; at < ids.length; at += MAX_VALUES) value(await run(ids.slice(at, at + MAX_VALUES)));
    return { data: [...ids] };
  };

  const provider = {
    supportAbortSignal: true,
    getList: listed,
    getOne: async (resource, { id, meta, signal }) => ({
      data: value(await rowsOf(resource).get(id, { ...selectionOf(meta), ...(signal && { signal }) })) as Row,
    }),
    async getMany(resource, { ids, meta, signal }) {
      const found = new Map<string, Row>();
      await inParts([...new Set(ids)], async (part) => {
        const query = { ...selectionOf(meta), filter: { id: { in: part } }, limit: part.length };
        const result = await rowsOf(resource).list(query, signal && { signal });
        // Rows have ids: that is how they are told apart.
        for (const row of result.ok ? (result.value.items as Row[]) : []) found.set(String(row.id), row);
        return result;
      });
      return { data: ids.flatMap((id) => found.get(String(id)) ?? []) };
    },
    getManyReference: (resource, { target, id, ...params }) =>
      listed(resource, params, { [target]: { eq: id } }),
    create: async (resource, { data }) => ({ data: value(await rowsOf(resource).create(data)) as Row }),
    async update(resource, { id, data, previousData }) {
      const change = changed(data, previousData ?? {});
      const rows = rowsOf(resource);
      const isSame = Object.keys(change).length === 0;
      return { data: value(await (isSame ? rows.get(id) : rows.patch(id, change))) as Row };
    },
    updateMany: (resource, { ids, data }) =>
      inParts(ids, (part) => rowsOf(resource).patchMany(these(part), data)),
    async delete(resource, { id, previousData }) {
      value(await rowsOf(resource).delete(id));
      return { data: previousData ?? { id } };
    },
    deleteMany: (resource, { ids }) => inParts(ids, (part) => rowsOf(resource).deleteMany(these(part))),
  } satisfies Untyped;
  // The rows of each resource have the type that the calling component names.
  return provider as unknown as DataProvider;
}

const these = (ids: readonly Identifier[]) => ({ filter: { id: { in: ids } }, max: ids.length });

function selectionOf(meta: unknown): { fields?: readonly string[]; expand?: object } {
  const { fields, expand } = Object(meta);
  return { ...(fields && { fields }), ...(expand && { expand }) };
}

/** Values become conditions; operators stay as they are. */
function filterOf(values: Values): Values {
  const entries = Object.entries(values).filter(([, each]) => each !== undefined && each !== '');
  return Object.fromEntries(
    entries.map(([name, each]) => {
      if (OPERATORS.includes(name)) return [name, each];
      if (Array.isArray(each)) return [name, { in: each }];
      return [name, typeof each === 'object' && each !== null ? filterOf(each as Values) : { eq: each }];
    }),
  );
}

function changed(data: Values, previous: Values): Values {
  const isOther = ([name, now]: [string, unknown]) => JSON.stringify(now) !== JSON.stringify(previous[name]);
  return Object.fromEntries(Object.entries(data).filter(isOther));
}

/** The value of a result; a failure is thrown as react-admin reads it. */
function value<Value>(result: Result<Value, Problem<string>>): Value {
  if (result.ok) return result.value;
  const { problem } = result;
  const fields = problem.errors?.filter(({ pointer }) => pointer.startsWith('/')) ?? [];
  const errors = Object.fromEntries(
    fields.map(({ pointer, message }) => [pointer.slice(1).replaceAll('/', '.'), message]),
  );
  const body = { ...problem, errors: fields.length > 0 ? errors : undefined };
  throw Object.assign(new ProblemError(problem), { status: problem.status, body });
}
