import { type Sql, sql } from '../../database/sql.ts';
import type { ReadCost, Value } from '../../database/store.ts';
import { FifoMap } from '../../fifo-map.ts';
import { Problem } from '../../problems.ts';
import { accountOf, type Caller } from '../../schema/caller.ts';
import type { ListQuery } from '../../schema/services/list-query.ts';
import { compileProjection, type Model, type ModelField, type Projection, type Related } from '../model.ts';
import { RANK, type Ranking, searchCondition } from '../search/search-condition.ts';
import { type BoundStatement, bindShaped, type ShapedStatement, shapedStatement } from './bound-statement.ts';
import { FilterParts, type RelatedRows, Slot } from './filter-sql.ts';
import type { Position } from './list.ts';
import { type Floor, ReadStrategies, readByGroups } from './membership/read-strategies.ts';
import { groupsOf } from './membership/rule-groups.ts';
import { type SortColumn, sortColumns, sortCost, sortKey } from './order.ts';
import { type AccessPath, type PlaceOfPage, pageSql, whereClause } from './page-sql.ts';
import { isPlannedOnce } from './planned-once.ts';
import { RelatedStatements } from './related-statements.ts';

const DEFAULT_LIMIT = 50;
/** `count=estimated` stops counting here. */
const MAX_COUNTED = 10_000;
const MAX_STATEMENTS = 300;
const MAX_SELECTIONS = 100;

/** Microseconds that SQLite takes to count a row. */
const COUNT_COST = 0.02;
const GROUP_COST = 0.4;
/** The same where all rows are counted. */
const COUNT_ALL_COST = 0.004;
/** Rows by an index that are read at once in any case. */
const FREE_ROWS = 1_000;

/** The lists of a resource for a class of callers. */
export interface ClassLists {
  readonly model: Model;
  readonly fields: Projection;
  /** The class's rule. */
  readonly where: Sql | undefined;
  readonly number: number;
  /** Whether they have the rows that were deleted softly. */
  readonly isDeleted: boolean;
  readonly plans: ListPlans;
  /** The lists behind a relation; undefined where it is hidden from the caller, or there is none. */
  related(name: string, caller: Caller): (Related & { readonly lists: ClassLists }) | undefined;
}

/** The rows behind the references of a row, for a caller. */
function reachOf(lists: Pick<ClassLists, 'related'>, caller: Caller): RelatedRows['reach'] {
  return (name) => {
    const found = lists.related(name, caller);
    if (found?.kind !== 'one') return undefined;
    const { model, fields, where, number } = found.lists;
    return { model, fields, where, number, reach: reachOf(found.lists, caller) };
  };
}

/** A list as it was asked for, worked out: nothing of it depends on the rows. */
export interface ListPlan {
  readonly query: ListQuery;
  /** The fields that are read. */
  readonly fields: Projection;
  /** Conditions of the rows: filter, search and rule; and the values in them. */
  readonly conditions: readonly Sql[];
  readonly values: readonly Value[];
  /** Shape of the conditions and the order, which their SQL follows from. */
  readonly shape: string;
  readonly sort: readonly SortColumn[];
  /** The search whose ranks the rows are in the order of; undefined where they are in another. */
  readonly ranked: (Ranking & { readonly condition: Sql }) | undefined;
  readonly limit: number;
  /** The key that cursors of a caller are bound to: resource, sort, the filter with its values, and the account of the rule. */
  readonly keyFor: (caller: Caller) => string;
  /** Whether a rule leaves some of the rows. */
  readonly isRuled: boolean;
  /** How the rows of groups that an account is a member of are read, where these are merged in its order. */
  readonly byGroups: ReturnType<typeof readByGroups>;
  /** Whether no value that is bound decides which plan is best, so that one plan is for all. */
  readonly isPlannedOnce: boolean;
  /** The statements of its first page, bound where they are the same for every caller; where the plan is kept. */
  readonly first?: {
    [path in AccessPath]?: { readonly shaped: ShapedStatement; readonly bound?: BoundStatement };
  };
  /** Microseconds that SQLite looks at each row of the table; 0 where it takes the first rows of an index. */
  readonly perRow: number;
  /** Whether fewer rows than a page were found when it was last asked for. */
  exhausted: boolean;
}

/** Groups of the rows of a list. The columns begin with those that are grouped by. */
interface GroupedQuery {
  /** Tells the columns apart from others. */
  readonly key: string;
  readonly select: readonly Sql[];
  readonly groups: readonly ModelField[];
  readonly limit: number;
}

/**
 * The lists of one resource for one class of callers, with the one cache of all that is compiled for them: the plan of a
 * frozen query, which cannot have changed since it was last asked, and the statements by the shape of the query.
 */
export class ListPlans {
  /** Their rows by ids and by parents. */
  readonly related: RelatedStatements;
  readonly #model: Model;
  readonly #where: Sql | undefined;
  readonly #rows: Parameters<typeof pageSql>[0];
  readonly #strategies = new ReadStrategies();
  readonly #isDeleted: boolean;
  readonly #fields: Projection;
  /** Whether fields are computed of other rows, of which there may be any number. */
  readonly #computes: boolean;
  readonly #related: ClassLists['related'];
  readonly #plans = new WeakMap<ListQuery, ListPlan>();
  readonly #selections = new FifoMap<string, Projection>(MAX_SELECTIONS);
  readonly #statements = new FifoMap<string, ShapedStatement>(MAX_STATEMENTS);

  constructor({ model, where, fields, number, related, isDeleted }: Omit<ClassLists, 'plans'>) {
    this.#model = model;
    this.#where = where;
    this.#isDeleted = isDeleted;
    this.#rows = { model, where, groups: where && !isDeleted ? groupsOf(where) : undefined };
    this.#fields = fields;
    this.#computes = fields.fields.some(({ value, links }) => value && !links);
    this.#related = related;
    this.related = new RelatedStatements({ model, number }, (rows) => this.#cost(0, rows));
  }

  /** Throws `invalid_query` naming what is wrong. */
  of(caller: Caller, query: ListQuery): ListPlan {
    const known = this.#plans.get(query);
    if (known) return known;
    const model = this.#model;
    const reach = reachOf({ related: this.#related }, caller);
    const options = { shortLists: query.shortLists ?? false, related: reach };
    const parts = new FilterParts(model, this.#fields, options);
    const conditions: Sql[] = [];
    const filter = query.filter && parts.build(query.filter);
    if (filter) conditions.push(filter);
    const search = query.search ? searchCondition(model, this.#fields, parts, query.search) : undefined;
    if (search) conditions.push(search.condition);
    if (this.#where) conditions.push(this.#where);
    const restriction = model.restrict?.(caller, (value) => parts.bind(value));
    if (restriction) {
      parts.shape += restriction.key;
      conditions.push(restriction.condition);
    }
    const { shape, values, errors } = parts;
    if (errors.length > 0)
      throw new Problem('invalid_query', {
        errors,
        detail: errors.map((error) => `filter${error.pointer}: ${error.message}`).join('; '),
      });
    const ranked = query.sort
      ? undefined
      : search?.ranking && { ...search.ranking, condition: search.condition };
    const sorted = { model, fields: this.#fields, reach };
    const sort: SortColumn[] = ranked
      ? [{ field: RANK, descending: true, nullsLast: true }, ...sortColumns(sorted, ['-id'])]
      : sortColumns(sorted, query.sort);
    const order = sort.map(sortKey).join();
    // The rows behind a reference depend on another class of the caller than the rows themselves.
    const far = sort.flatMap(({ field }) => numbersOf(field.name, reach)).join() + parts.variant;
    const isRuled = this.#where !== undefined;
    const isForClass = !model.restrict && far === '';
    const isPart =
      query.fields !== undefined ||
      ranked !== undefined ||
      sort.some(({ field }) => field.name.includes('.'));
    const selected = isPart ? this.#selection(query) : this.#fields;
    const { limit = DEFAULT_LIMIT, offset } = query;
    const plan: ListPlan = {
      query,
      fields: selected,
      conditions,
      values,
      shape: `${shape} ${order} ${far}${offset ? ' offset' : ''}${isPart ? ` of ${selected.fields.map(({ name }) => name).join()}` : ''}`,
      sort,
      ranked,
      perRow: parts.cost + sortCost(model, sort),
      limit,
      keyFor: cursorKeys([model.name, order, this.#isDeleted ? `deleted ${shape}` : shape, values], isRuled),
      isRuled,
      byGroups: readByGroups(this.#rows, sort),
      isPlannedOnce: isPlannedOnce(model, { values, query, sort, limit }),
      exhausted: false,
      ...(isForClass && Object.isFrozen(query) && { first: {} }),
    };
    if (plan.first) this.#plans.set(query, plan);
    return plan;
  }

  /**
   * The page at a position, with one row more, which tells whether there is another. SQLite reads the index of the order and
   * stops when the page is full, which is best unless few rows pass the filter: then it looks up every row of the table in
   * that index, four times slower than reading the table and sorting the few (10,000 rows, ten of which match: 1,340 against
   * 360 µs). So where a filter left less than a page, the next is read by a scan.
   */
  page(plan: ListPlan, caller: Caller, position: Position | undefined): BoundStatement {
    const scans = plan.exhausted && !plan.isRuled && !position && plan.conditions.length > 0;
    const { withoutIndex } = this.#model.dialect;
    const refer =
      scans && withoutIndex ? ({ name, value }: ModelField) => value ?? withoutIndex(name) : undefined;
    const account = plan.byGroups ? accountOf(caller) : null;
    if (account === null)
      return this.#page(plan, caller, { path: refer ? 'table' : 'index', position, refer });
    const by = (path: AccessPath, floor?: Floor) => this.#page(plan, caller, { path, position, floor });
    if (plan.byGroups === 'always merged') return by('groups');
    return this.#strategies.page(
      { account, isFirst: !position && !plan.query.offset, plan },
      {
        ordered: {
          whole: () => by('first rows'),
          downTo: (floor) => by(floor.isOfFew ? 'first rows to floor, of few' : 'first rows to floor', floor),
        },
        merged: { whole: () => by('groups'), downTo: (floor) => by('groups to floor', floor) },
      },
    );
  }

  #page(plan: ListPlan, caller: Caller, place: PlaceOfPage): BoundStatement {
    const { path, position, floor } = place;
    const known = position ? undefined : plan.first?.[path];
    if (known?.bound) return known.bound;
    const before = position?.before ?? false;
    const places = position?.values ?? floor?.keys ?? [];
    const values = [...plan.values, ...places, plan.limit + 1, plan.query.offset ?? 0];
    let shaped = known?.shaped;
    if (!shaped) {
      const nulls = places.includes(null) ? places.map((value) => value === null).join() : '';
      const limit = plan.isPlannedOnce ? plan.limit : '';
      const key = `${path}${limit} ${plan.shape} ${position ? `${before} ${nulls}` : ''}`;
      shaped = this.#statements.get(key) ?? this.#compile(key, pageSql(this.#rows, plan, place));
    }
    const rows = plan.limit + (plan.query.offset ?? 0);
    const bound = {
      statement: shaped.statement,
      values: bindShaped(shaped, values, caller),
      cost: this.#cost(path.startsWith('first rows') || floor ? 0 : plan.perRow, rows),
    };
    if (plan.first && !position) plan.first[path] = shaped.asksCaller ? { shaped } : { shaped, bound };
    return bound;
  }

  /** All rows of a list. */
  all(plan: ListPlan, caller: Caller): BoundStatement {
    const { limit = Number.MAX_SAFE_INTEGER, offset = 0 } = plan.query;
    const key = `index ${plan.shape} `;
    const bounded = { ...plan, isPlannedOnce: false };
    const shaped =
      this.#statements.get(key) ??
      this.#compile(key, pageSql(this.#rows, bounded, { path: 'index', position: undefined }));
    return {
      statement: shaped.statement,
      values: bindShaped(shaped, [...plan.values, limit, offset], caller),
      cost: undefined,
    };
  }

  /** Counts the rows of a list, as `total`. */
  count(plan: ListPlan, caller: Caller, how: 'exact' | 'estimated'): BoundStatement {
    const key = `${how} ${plan.shape}`;
    const { table } = this.#model;
    const isWhole = plan.conditions.length === 0;
    const perRow = isWhole ? COUNT_ALL_COST : plan.perRow + (how === 'exact' ? COUNT_COST : 0);
    // Without any condition SQLite counts the pages of the smallest index, not the rows one by one.
    const where = isWhole ? sql`` : whereClause(plan.conditions, table, perRow > 0);
    const counted =
      how === 'exact'
        ? sql`${table} ${where}`
        : sql`(select 1 as one from ${table} ${where} limit ${sql.raw(String(MAX_COUNTED))}) as counted`;
    const shaped =
      this.#statements.get(key) ?? this.#compile(key, sql`select count(*) as total from ${counted}`);
    return {
      statement: shaped.statement,
      values: bindShaped(shaped, plan.values, caller),
      cost: this.#cost(perRow, 0),
    };
  }

  /** The rows of a list by group, as `count` and the given columns, in the order of the groups; one group more than the limit. */
  grouped(plan: ListPlan, caller: Caller, { key, select, groups, limit }: GroupedQuery): BoundStatement {
    const shape = `grouped ${key} ${plan.shape}`;
    let shaped = this.#statements.get(shape);
    if (!shaped) {
      const where = whereClause(plan.conditions, this.#model.table, true);
      // By their places: an expression with parameters is another each time that it is written.
      const places = groups.map((_, at) => sql.raw(String(at + 2)));
      const order = places.map((place) => sql`${place} nulls first`);
      const grouping =
        groups.length > 0 ? sql`group by ${sql.join(places)} order by ${sql.join(order)}` : sql``;
      shaped = this.#compile(
        shape,
        sql`select ${sql.join([sql`count(*) as count`, ...select])} from ${this.#model.table} ${where}
          ${grouping} limit ${sql.rowCount(new Slot(plan.values.length))}`,
      );
    }
    return {
      statement: shaped.statement,
      values: bindShaped(shaped, [...plan.values, limit + 1], caller),
      cost: this.#cost(plan.perRow + GROUP_COST, 0),
    };
  }

  /** The fields that are asked for, and those that lead to what is expanded. */
  #selection({ fields = [...this.#fields.byName.keys()], expand = {} }: ListQuery): Projection {
    const wanted = new Set([...fields, ...Object.keys(expand)]);
    const key = [...wanted].join();
    const known = this.#selections.get(key);
    if (known) return known;
    const unknown = fields.find((name) => name !== 'id' && !this.#fields.byName.has(name));
    if (unknown !== undefined)
      throw new Problem('invalid_query', {
        detail: `${this.#model.name} has no field '${unknown}'; it has ${['id', ...this.#fields.byName.keys()].join(', ')}.`,
        errors: [
          { pointer: 'fields', code: 'unknown', message: `there is no field '${unknown}'`, in: 'query' },
        ],
      });
    const selected = this.#fields.fields.filter(({ name }) => wanted.has(name));
    const made = compileProjection(selected, this.#model.dialect, true);
    this.#selections.set(key, made);
    return made;
  }

  #cost(perRow: number, rows: number): ReadCost | undefined {
    const isOpen = this.#computes;
    return perRow > 0 || rows > FREE_ROWS || isOpen
      ? { rows, perRow, table: this.#model.table, isOpen }
      : undefined;
  }

  #compile(key: string, query: Sql): ShapedStatement {
    const shaped = shapedStatement(this.#model.dialect, query);
    this.#statements.set(key, shaped);
    return shaped;
  }
}

/** The keys that the cursors of each caller are bound to: where a rule leaves some of the rows, with the account. */
function cursorKeys(list: readonly unknown[], isRuled: boolean): ListPlan['keyFor'] {
  const ofAll = JSON.stringify(list);
  if (isRuled) return (caller) => `${ofAll} ${JSON.stringify(accountOf(caller))}`;
  const key = JSON.stringify([...list, null]);
  return () => key;
}

/** The classes behind the references that a sort key follows. */
function numbersOf(key: string, reach: RelatedRows['reach']): number[] {
  const [name = '', ...rest] = key.split('.');
  const far = rest.length > 0 ? reach(name) : undefined;
  return far ? [far.number, ...numbersOf(rest.join('.'), far.reach)] : [];
}
