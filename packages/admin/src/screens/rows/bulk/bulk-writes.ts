import { ProblemError, unwrap } from 'trestle-client';
import { clientOf, type Id, pagesOf, problemOf, type RowsQuery, request } from '../../../api/api.ts';
import type { DeclaredResource } from '../../../api/declaration.ts';
import { t } from '../../../i18n/translate.ts';
import type { Reached } from '../../row/cascade.tsx';
import type { Referrer } from '../../row/children.tsx';
import { type FilterNode, filterTree } from '../filter-tree.ts';

/** Rows that one write by filter takes. */
const MAX_WRITTEN = 1000;
/** Requests of one batch. */
const MAX_REQUESTS = 100;
/** Values of one condition, and the characters of a filter that they may take. */
const MAX_IDS = 100;
const MAX_IDS_LENGTH = 1800;

/** The rows that an action is about: those that were selected, or all of a view. */
export interface Target {
  app: string;
  resource: DeclaredResource;
  /** The ids that were selected; undefined for all rows of the view. */
  ids: readonly Id[] | undefined;
  /** How many rows the operator was told of. */
  count: number;
  /** Conditions of the view, and its text search. */
  nodes: readonly FilterNode[];
  search: string | undefined;
  deleted: boolean;
}

/** Rows of one request: a condition on their ids, and how many there are. */
interface Portion {
  nodes: readonly FilterNode[];
  size: number;
}

function rowsOf(app: string, name: string) {
  const rows = clientOf(app).rows[name];
  if (!rows) throw new Error(name);
  return rows;
}

/** The lists that together have the rows: one of a view, several of many ids. */
export function queriesOf({ ids, nodes, search, deleted }: Target): RowsQuery[] {
  const shown = deleted ? { deleted: true } : {};
  if (ids) return shortLists(ids).map((list) => ({ filter: { id: { in: list } }, ...shown }));
  const filter = filterTree(nodes);
  return [{ ...(filter && { filter }), ...(search !== undefined && { search }), ...shown }];
}

export async function countView(app: string, resource: string, query: RowsQuery): Promise<number> {
  const { expand: _, ...plain } = query;
  return unwrap(await rowsOf(app, resource).list({ ...plain, limit: 1, count: 'exact' })).total ?? 0;
}

/**
 * The ids of the rows, in their order.
 *
 * @throws {ProblemError} where they are not as many as the operator was told.
 */
async function idsOf(target: Target): Promise<readonly Id[]> {
  const { app, resource, count } = target;
  if (target.ids) return target.ids;
  const ids: Id[] = [];
  const query = { ...queriesOf(target)[0], fields: ['id'], sort: ['id'] };
  for await (const rows of pagesOf(app, resource.name, query)) {
    ids.push(...rows.map(({ id }) => id));
    if (ids.length > count) break;
  }
  if (ids.length === count) return ids;
  const detail = t('bulk.otherCount', { count });
  throw new ProblemError({ code: 'invalid_query', status: 400, title: detail, detail });
}

/** The rows in portions that a write by filter takes: all of a view between two ids, or those of a list of ids. */
async function portionsOf(target: Target): Promise<Portion[]> {
  if (target.ids)
    return shortLists(target.ids).map((ids) => ({ nodes: [['id', 'in', ids]], size: ids.length }));
  const ids = await idsOf(target);
  return Array.from({ length: Math.ceil(ids.length / MAX_WRITTEN) }, (_, at) => {
    const part = ids.slice(at * MAX_WRITTEN, (at + 1) * MAX_WRITTEN);
    return {
      nodes: [...target.nodes, ['id', 'gte', part[0]], ['id', 'lte', part.at(-1)]],
      size: part.length,
    };
  });
}

/** Ids in lists, each of which has room in a filter. */
function shortLists(ids: readonly Id[]): Id[][] {
  const lists: Id[][] = [];
  let length = 0;
  for (const id of ids) {
    const size = String(id).length + 1;
    const list = lists.at(-1);
    if (list && list.length < MAX_IDS && length + size <= MAX_IDS_LENGTH) list.push(id);
    else {
      lists.push([id]);
      length = 0;
    }
    length += size;
  }
  return lists;
}

/** How many requests a write takes, each of which is done whole or not at all. */
export function requestsOf({ ids, count }: Target): number {
  return ids ? shortLists(ids).length : Math.ceil(count / MAX_WRITTEN);
}

interface Writing {
  isTrial: boolean;
  /** Told how many rows are done. */
  onProgress: (done: number) => void;
}

/** Changes fields of all rows; undefined deletes them. Answers how many there were. */
export async function writeRows(
  target: Target,
  change: object | undefined,
  { isTrial, onProgress }: Writing,
): Promise<number> {
  const rows = rowsOf(target.app, target.resource.name);
  let done = 0;
  for (const { nodes, size } of await portionsOf(target)) {
    const filter = filterTree(nodes);
    const query = {
      ...(filter && { filter }),
      ...(!target.ids && target.search !== undefined && { search: target.search }),
      max: size,
      ...(isTrial && { dry_run: true }),
    };
    const result = change ? await rows.patchMany(query, change) : await rows.deleteMany(query);
    done += unwrap(result).count;
    onProgress(done);
  }
  return done;
}

export interface Refusal {
  id: Id;
  error: unknown;
}

/** Does a step of every row, or brings it back; those that are not in a state for it say so, and the others go on. */
export async function stepRows(
  target: Target,
  step: string,
  { onProgress }: Pick<Writing, 'onProgress'>,
): Promise<Refusal[]> {
  const { app, resource } = target;
  const ids = await idsOf(target);
  const refusals: Refusal[] = [];
  for (let at = 0; at < ids.length; at += MAX_REQUESTS) {
    const part = ids.slice(at, at + MAX_REQUESTS);
    const requests = part.map((id) => ({
      method: 'POST',
      path: `/v1/${resource.name}/${encodeURIComponent(id)}:${step}`,
    }));
    const body = { atomic: false, requests };
    const { results } = await request<{ results: { status: number; body?: unknown }[] }>(
      app,
      'POST',
      '/v1/batch',
      { body },
    );
    for (const [index, { status, body: problem }] of results.entries()) {
      const id = part[index];
      if (status < 400 || id === undefined) continue;
      const { title = '', detail = title, code = 'internal' } = Object(problem);
      refusals.push({ id, error: new ProblemError({ ...Object(problem), code, status, title, detail }) });
    }
    onProgress(at + part.length);
  }
  return refusals;
}

/** The rows that refer to these, by field. Not counted: those that hold several ids, and those of a text search. */
export async function reachedBy(target: Target, referrers: readonly Referrer[]): Promise<Reached[]> {
  const { app, ids, search } = target;
  const isCountable = ids !== undefined || search === undefined;
  const found = referrers.map(async ({ name: resource, field, has, onDelete: effect }) => {
    if (effect === null) return [];
    const reached = { resource, field, effect };
    if (!isCountable || has) return [{ ...reached, count: undefined }];
    try {
      let count = 0;
      for (const { filter } of queriesOf(target)) {
        const own = { [field]: filter ?? { null: false } };
        const body = { filter: own, fields: ['id'], limit: 1, count: 'exact' };
        const path = `/v1/${resource}:search`;
        count += (await request<{ total: number }>(app, 'POST', path, { body })).total;
      }
      return count > 0 ? [{ ...reached, count }] : [];
    } catch (error) {
      // A filter that is at its limit has no room for a reference around it.
      if (problemOf(error).code !== 'invalid_query') throw error;
      return [{ ...reached, count: undefined }];
    }
  });
  return (await Promise.all(found)).flat();
}
