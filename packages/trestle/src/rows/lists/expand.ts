import type { Store } from '../../database/store.ts';
import { Problem } from '../../problems.ts';
import type { Caller, Context } from '../../schema/caller.ts';
import type { RowId } from '../../schema/id.ts';
import type { ExpandQuery, Expansion, ListQuery } from '../../schema/services/list-query.ts';
import type { Row } from '../model.ts';
import { runner } from './bound-statement.ts';
import type { ClassLists } from './list-plan.ts';

/** Limits on what is read beside the rows that are asked for. */
export const MAX_DEPTH = 3;
const MAX_ROWS = 1_000;
/** Rows of a relation to many that are shown of each row, where no limit is named. */
export const DEFAULT_EXPANDED = 10;

const ALL: Expansion = Object.freeze({});

/** Reads the rows that others refer to, or that refer to them: one query for each relation, by the lists of their resource. */
export class Expander {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Throws `invalid_query` for relations that the caller cannot follow, and for more rows than one answer may have, before
   * anything is read.
   *
   * @param rows the maximum of rows that are expanded.
   */
  check(lists: ClassLists, caller: Caller, expand: ExpandQuery, rows: number): void {
    const count = this.#count(lists, caller, { expand, rows, depth: 1 });
    if (count > MAX_ROWS)
      throw new Problem('invalid_query', {
        detail: `expand: this may read ${count} related rows, ${MAX_ROWS} at most: ask for fewer rows, or for fewer of each by expand[NAME][limit].`,
      });
  }

  #count(
    lists: ClassLists,
    caller: Caller,
    { expand, rows, depth }: { expand: ExpandQuery; rows: number; depth: number },
  ): number {
    if (depth > MAX_DEPTH)
      throw new Problem('invalid_query', {
        detail: `expand: relations are followed ${MAX_DEPTH} deep at most.`,
      });
    let count = 0;
    for (const [name, given] of Object.entries(expand)) {
      const { kind, max = 1, lists: related } = this.#relation(lists, caller, name);
      const { expand: inner, limit = DEFAULT_EXPANDED } = given === true ? ALL : given;
      const found = rows * (kind === 'many' ? limit : max);
      count += found;
      if (inner) count += this.#count(related, caller, { expand: inner, rows: found, depth: depth + 1 });
    }
    return count;
  }

  /** A relation that the caller may follow. One that is hidden cannot be told from one that is not there. */
  #relation({ model, related }: ClassLists, caller: Caller, name: string) {
    const found = related(name, caller);
    if (found) return found;
    const known = model.relations.filter((one) => related(one, caller));
    throw new Problem('invalid_query', {
      detail: `${model.name} has no relation '${name}' to expand; it has ${known.join(', ') || 'none'}.`,
      errors: [
        { pointer: 'expand', code: 'unknown', message: `there is no relation '${name}'`, in: 'query' },
      ],
    });
  }

  /** Adds the related rows to each row, as `expand`. */
  async load(context: Context, lists: ClassLists, rows: readonly Row[], expand: ExpandQuery): Promise<void> {
    for (const row of rows) row.expand = {};
    // Relations of one level are read at once, on PostgreSQL in one round trip: one statement for all of them is no faster on
    // either database (docs/performance.md, Related rows).
    const loading = Object.entries(expand).map(async ([name, given]) => {
      const { kind, by, lists: related } = this.#relation(lists, context.caller, name);
      const query = given === true ? ALL : given;
      const keysOf = (row: Row): unknown[] => (by === undefined ? [row[name]].flat() : [row.id]);
      const found = await this.#read(context, related, query, { by, keys: rows.flatMap(keysOf) });
      const byKey = Map.groupBy(found, (row) => row[by ?? 'id']);
      for (const row of rows) {
        const own = keysOf(row).flatMap((key) => byKey.get(key) ?? []);
        Object.assign(row.expand as object, { [name]: kind === 'one' ? (own[0] ?? null) : own });
      }
      if (query.expand) await this.load(context, related, found, query.expand);
      if (by !== undefined && query.fields?.includes(by) === false) for (const row of found) delete row[by];
    });
    await Promise.all(loading);
  }

  /** Rows by their ids, or by the rows that they refer to. */
  async #read(
    context: Context,
    { plans }: ClassLists,
    query: Expansion,
    { by, keys }: { by: string | undefined; keys: readonly unknown[] },
  ): Promise<Row[]> {
    const { caller } = context;
    // What rows refer to are ids; a reference that the caller may not read in a row is missing.
    const ids = [...new Set(keys.filter((key) => key !== null && key !== undefined))] as RowId[];
    if (ids.length === 0) return [];
    const plan = plans.of(caller, expandedQuery(query, by));
    const bound =
      by === undefined
        ? plans.byIds(plan, caller, ids)
        : plans.children(plan, caller, { field: by, parents: ids });
    return (await runner(this.#store, context)(bound)).map(plan.fields.decode);
  }
}

const queries = new WeakMap<Expansion, Map<string | undefined, ListQuery>>();

/**
 * The list of related rows, with the field by which they are told apart: the same object each time, so that its plan is found
 * again.
 */
function expandedQuery(query: Expansion, by: string | undefined): ListQuery {
  const known = queries.get(query) ?? new Map<string | undefined, ListQuery>();
  queries.set(query, known);
  const fields = query.fields && [...query.fields, ...(by === undefined ? [] : [by])];
  const shared = { limit: DEFAULT_EXPANDED, shortLists: true };
  const made = known.get(by) ?? Object.freeze({ ...shared, ...query, ...(fields && { fields }) });
  known.set(by, made);
  return made;
}
