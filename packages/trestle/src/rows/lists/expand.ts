import type { Store } from '../../database/store.ts';
import { Problem } from '../../problems.ts';
import type { Caller, Context } from '../../schema/caller.ts';
import type { RowId } from '../../schema/id.ts';
import type { ExpandQuery, Expansion, ListQuery } from '../../schema/services/list-query.ts';
import type { Related, Row } from '../model.ts';
import { runner } from './bound-statement.ts';
import type { ClassLists } from './list-plan.ts';
import type { RelatedQuery } from './related-statements.ts';
import { Unions } from './union.ts';

/** Limits on what is read beside the rows that are asked for. */
export const MAX_DEPTH = 3;
const MAX_ROWS = 1_000;
const MAX_RELATIONS = 100;
/** Rows of a relation to many that are shown of each row, where no limit is named. */
export const DEFAULT_EXPANDED = 10;

const ALL: Expansion = Object.freeze({});

/** Reads the rows that others refer to, or that refer to them: one query for all relations of a level, by the lists of their resources. */
export class Expander {
  readonly #store: Store;
  readonly #unions: Unions;

  constructor(store: Store) {
    this.#store = store;
    this.#unions = new Unions(store.dialect);
  }

  /**
   * Throws `invalid_query` for relations that the caller cannot follow, and for more rows than one answer may have, before
   * anything is read.
   *
   * @param rows the maximum of rows that are expanded.
   */
  check(lists: ClassLists, caller: Caller, expand: ExpandQuery, rows: number): void {
    const relations = relationsIn(expand);
    if (relations > MAX_RELATIONS)
      throw new Problem('invalid_query', {
        detail: `expand: ${relations} relations are asked for, ${MAX_RELATIONS} at most are read at once.`,
      });
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

  /** Adds the related rows to each row, as `expand`: one statement for each level, however many relations it has. */
  async load(context: Context, lists: ClassLists, rows: readonly Row[], expand: ExpandQuery): Promise<void> {
    const keys: { readonly by: string; readonly rows: readonly Row[] }[] = [];
    let level = this.#level(context.caller, lists, { rows, expand });
    while (level.length > 0) {
      const found = await this.#read(context, level);
      level = level.flatMap((relation) => {
        const { name, kind, by, lists: related, query, rows: parents } = relation;
        const children = found.get(relation) ?? [];
        const byKey = Map.groupBy(children, (row) => row[by ?? 'id']);
        for (const row of parents) {
          const own = idsIn(row, name, by).flatMap((id) => byKey.get(id) ?? []);
          Object.assign(row.expand as object, { [name]: kind === 'one' ? (own[0] ?? null) : own });
        }
        if (by !== undefined && query.fields?.includes(by) === false) keys.push({ by, rows: children });
        return this.#level(context.caller, related, {
          rows: children,
          expand: query.expand,
          outer: relation,
        });
      });
    }
    // What children are told apart by is not in an answer that did not ask for it.
    for (const { by, rows: children } of keys) for (const row of children) delete row[by];
  }

  /** The relations of some rows that are read at once. */
  #level(
    caller: Caller,
    lists: ClassLists,
    {
      rows,
      expand,
      outer,
    }: { rows: readonly Row[]; expand: ExpandQuery | undefined; outer?: Expanded | undefined },
  ): Expanded[] {
    if (!expand) return [];
    for (const row of rows) row.expand = {};
    return Object.entries(expand).map(([name, given]) => {
      const { kind, by, lists: related } = this.#relation(lists, caller, name);
      const query = given === true ? ALL : given;
      const ids = [...new Set(rows.flatMap((row) => idsIn(row, name, by)))];
      try {
        const plan = related.plans.of(caller, expandedQuery(query, by));
        return { name, kind, by, lists: related, query, plan, rows, ids, outer };
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        // The client is told where in the query the relation stands.
        let path = `expand/${name}`;
        for (let one = outer; one; one = one.outer) path = `expand/${one.name}/${path}`;
        const errors = error.errors.map((each) => ({
          ...each,
          pointer: `${path}/${each.pointer.replace(/^\//, '')}`,
        }));
        throw new Problem(error.code, { detail: `${path}: ${error.detail}`, errors, data: error.data });
      }
    });
  }

  /** The related rows of each relation, in one statement. */
  async #read(context: Context, level: readonly Expanded[]): Promise<Map<Expanded, Row[]>> {
    const { caller } = context;
    const run = runner(this.#store, context);
    const some = level.filter(({ ids }) => ids.length > 0);
    const [first, ...others] = some;
    if (!first) return new Map();
    if (others.length === 0) {
      const { plan, lists } = first;
      const found = await run(lists.plans.related.bind(first, caller));
      return new Map([[first, found.map(plan.fields.decode)]]);
    }
    const parts = some.map((each) => each.lists.plans.related.part(each));
    const { bound, rowsOf } = this.#unions.bind(parts, caller);
    const found = rowsOf(await run(bound));
    return new Map(some.map((each, at) => [each, found[at] ?? []]));
  }
}

function relationsIn(expand: ExpandQuery): number {
  const inner = Object.values(expand).map((given) =>
    given === true || !given.expand ? 0 : relationsIn(given.expand),
  );
  return inner.reduce((sum, count) => sum + count, inner.length);
}

/** A relation of some rows, with the ids that lead to its own. */
interface Expanded extends RelatedQuery {
  readonly name: string;
  readonly kind: Related['kind'];
  readonly lists: ClassLists;
  readonly query: Expansion;
  /** Those that it is shown with. */
  readonly rows: readonly Row[];
  /** The relation that those are of; undefined where they were asked for themselves. */
  readonly outer: Expanded | undefined;
}

/** The ids that a relation of a row is found by. A reference that the caller may not read in a row is missing. */
function idsIn(row: Row, name: string, by: string | undefined): RowId[] {
  if (by !== undefined) return [row.id];
  // What rows refer to are ids.
  return [row[name] as RowId | null | undefined].flat().filter((id) => id !== null && id !== undefined);
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
