import { type Sql, sql } from '../../database/sql.ts';
import { param } from '../../database/statement.ts';
import type { Columns, Value } from '../../database/store.ts';
import { FifoMap } from '../../fifo-map.ts';
import type { Model } from '../model.ts';
import { ME } from '../rules/compiled-rule.ts';
import type { BoundStatement } from './bound-statement.ts';
import { sortValues } from './list.ts';
import { after, isUnusual, orderBy, type SortColumn } from './order.ts';
import { GROUP, type RuleGroups } from './rule-groups.ts';

/** Rows of the list's order that are looked at for each one of the page. */
const LOOKED_AT = 8;
/** Pages after which a walk that found too little is tried again. */
const RETRY_AFTER = 100;
const MAX_LISTS = 10_000;

/** A list whose groups are merged. */
interface MergedList {
  /** Pages until a walk is tried again. */
  pages: number;
  floor?: Floor;
}

/** Where the first page of a list ended when it was last read: as long as no row goes, the next one ends there or before. */
export interface Floor {
  /** The keys of the first row of the second page. */
  readonly keys: readonly Value[];
  /** Rows of the page. */
  readonly limit: number;
  /** The values of the list's conditions. */
  readonly values: readonly Value[];
}

/**
 * Chooses how a list under a membership rule is read: by walking the first rows of its order, which finds a page where the
 * caller may read many of the rows, else from the groups that they are a member of: by merging these the first time, then by
 * taking what they have down to where the page ended. On SQLite, of a million rows in 1,000 groups, a member of 3 waits
 * 150 µs for the merge and 45 for the rows above a floor, of 30 180 and 58, of 300 570 and 200, and 75 for the walk; the list
 * without the rule takes 32.
 */
export class GroupChoice {
  readonly #merged = new FifoMap<Value, MergedList>(MAX_LISTS);

  /** The page of a list. Each way is followed by the next where it finds less than a page. */
  page(
    { list, isFirst, sort, limit, values }: MemberList,
    ways: {
      beginning(): BoundStatement;
      groups(): BoundStatement;
      downTo(floor: Floor): BoundStatement;
    },
  ): BoundStatement {
    const known = this.#merged.get(list);
    if (!known || known.pages === 0) {
      const otherwise = (found: readonly Columns[]) => {
        if (found.length > limit) return undefined;
        this.#merged.set(list, { pages: RETRY_AFTER });
        return ways.groups();
      };
      return { ...ways.beginning(), otherwise };
    }
    known.pages -= 1;
    if (!isFirst) return ways.groups();
    const learn = (found: readonly Columns[]) => {
      const last = found[limit];
      if (last) known.floor = { keys: sortValues(sort, last), limit, values };
      return undefined;
    };
    const merge = () => ({ ...ways.groups(), otherwise: learn });
    const { floor } = known;
    if (!floor || floor.limit < limit || values.some((value, at) => value !== floor.values[at]))
      return merge();
    const otherwise = (found: readonly Columns[]) => (found.length > limit ? learn(found) : merge());
    return { ...ways.downTo(floor), otherwise };
  }
}

/** A list of a caller. */
interface MemberList {
  /** The caller, with the shape of the list. */
  readonly list: string;
  /** Whether it is the first page. */
  readonly isFirst: boolean;
  readonly sort: readonly SortColumn[];
  readonly limit: number;
  readonly values: readonly Value[];
}

/** The condition that leaves the first rows of an order, so many for each of the page. */
export function amongFirst({ table, live }: Model, page: GroupPage): Sql {
  const { sort, before, beyond, limit, offset } = page;
  const conditions = [live, beyond].filter((each) => each !== undefined);
  const where = conditions.length > 0 ? sql`where ${sql.join(conditions, ' and ')}` : sql``;
  // Few rows have the same stamp of the server, and one column is compared faster than all.
  const first = sort[0]?.field.type.server?.created === 'now' ? sort.slice(0, 1) : sort;
  const keys = sql.join(first.map(({ field }) => sql.ref(field.name)));
  return downTo(
    first,
    before,
    sql`select ${keys} from ${table} ${where} order by ${orderBy(sort, before)}
    limit 1 offset ${sql.lit(LOOKED_AT)} * (${limit} + ${offset})`,
  );
}

/** The rows of an order, which goes one way, down to some keys. */
function downTo(sort: readonly SortColumn[], before: boolean, keys: Sql): Sql {
  const isDown = sort[0]?.descending !== before;
  const own = sql.join(sort.map(({ field }) => sql.ref(field.name)));
  return sql`(${own}) ${sql.raw(isDown ? '>=' : '<=')} (${keys})`;
}

interface GroupPage {
  /** The columns that are selected of the rows. */
  readonly columns: Sql;
  readonly sort: readonly SortColumn[];
  readonly before: boolean;
  /** The rows after a position; undefined for the first page. */
  readonly beyond: Sql | undefined;
  readonly limit: Sql;
  readonly offset: Sql;
}

/**
 * Selects a page of the rows of the groups that a caller is a member of, which meet other conditions too. The index of a group has the order of the list:
 * PostgreSQL takes the first rows of each; SQLite merges the groups with a recursive query whose queue has the next row of each.
 */
export function pageOfGroups(
  model: Model,
  groups: RuleGroups,
  page: GroupPage & { readonly conditions: readonly Sql[] },
): Sql {
  const { sort, before, beyond, limit, offset } = page;
  const { table, dialect } = model;
  const { own = [] } = groups;
  const ref = (name: string) => sql.ref(name);
  const key = (at: number) => `_k${at}`;
  const keys = sort.map((_, at) => sql.id(key(at)));
  const conditions = [groups.rest, model.live, beyond, ...page.conditions].filter(
    (each) => each !== undefined,
  );
  const among = (some: readonly Sql[], selected: Sql, count: Sql) =>
    sql`select ${selected} from ${table} where ${sql.join([...some, ...conditions], ' and ')}
      order by ${orderBy(sort, before)} limit ${count}`;
  // Rows of the caller's own are none of the groups', so that no row comes twice.
  const me = sql`${param(ME)}`;
  const others = own.map((name) => sql`${ref(name)} is distinct from ${me}`);
  const first = (group: Sql, selected: Sql, more: readonly Sql[], count: Sql) =>
    among([sql`${ref(groups.field)} = ${group}`, ...others, ...more], selected, count);
  const named = sql.join([
    sql`${ref('id')} as ${sql.id('_id')}`,
    ...sort.map(({ field }, at) => sql`${ref(field.name)} as ${sql.id(key(at))}`),
  ]);
  const upTo = sql`${limit} + ${offset}`;
  const found = (source: string) =>
    sql`select ${sql.join([ref(`${source}._id`), ...sort.map((_, at) => ref(`${source}.${key(at)}`))])} from`;
  const ownRows = own.map((name, at) => {
    const rows = among([sql`${ref(name)} = ${me}`, ...others.slice(0, at)], named, upTo);
    return sql`${found('_o')} (${rows}) as ${sql.id('_o')}`;
  });
  const inOrder = (source: string) =>
    orderBy(sort, before, (field) => ref(`${source}.${key(sort.findIndex((each) => each.field === field))}`));
  const select = (source: Sql) => sql`select ${page.columns} from ${source} as ${sql.id('_h')}
    join ${table} on ${table}.${ref('id')} = ${ref('_h._id')} order by ${inOrder('_h')}`;
  const pageOf = (all: readonly Sql[]) =>
    sql`(${found('_u')} (${sql.join(all, ' union all ')}) as ${sql.id('_u')} order by ${inOrder('_u')} limit ${limit} offset ${offset})`;
  if (dialect.lateral) {
    const ofGroups = sql`${found('_f')} (${groups.rows}) as ${sql.id('_g')}
      cross join lateral (${first(ref(`_g.${GROUP}`), named, [], upTo)}) as ${sql.id('_f')}`;
    return select(pageOf([ofGroups, ...ownRows]));
  }
  const row = sql.join([...sort.map(({ field }) => ref(`_r.${field.name}`)), ref('_r.id')]);
  const next = (group: Sql, others: readonly Sql[]) => first(group, ref('id'), others, sql`1`);
  const places = sort.map((_, at) => ref(`_q.${key(at)}`));
  const following = stepsAfter(sort, places, before).map((step) => sql`(${next(ref(`_q.${GROUP}`), step)})`);
  const queue = sql.join(
    sort.map(
      ({ descending }, at) =>
        sql`${sql.raw(String(at + 1))} ${sql.raw(descending !== before ? 'desc' : 'asc')}`,
    ),
  );
  return sql`with recursive ${sql.id('_q')} (${sql.join([...keys, sql.id('_id'), sql.id(GROUP)])}) as (
    select ${row}, ${ref(`_g.${GROUP}`)} from (${groups.rows}) as ${sql.id('_g')}
      join ${table} as ${sql.id('_r')} on ${ref('_r.id')} = (${next(ref(`_g.${GROUP}`), [])})
    union all select ${row}, ${ref(`_q.${GROUP}`)} from ${sql.id('_q')}
      join ${table} as ${sql.id('_r')} on ${ref('_r.id')} = ${following[1] ? sql`coalesce(${sql.join(following)})` : following[0]}
    order by ${queue} limit ${own.length > 0 ? upTo : sql`${limit} offset ${offset}`})
    ${select(own.length > 0 ? pageOf([sql`${found('_q')} ${sql.id('_q')}`, ...ownRows]) : sql.id('_q'))}`;
}

/** Selects the first page of the rows of a caller's groups, and of their own, from those down to the keys of a floor. */
export function pageDownTo(
  model: Model,
  { field, rows, rest, own = [] }: RuleGroups,
  page: GroupPage & { readonly conditions: readonly Sql[]; readonly floor: Sql },
): Sql {
  const { sort, before, columns, limit } = page;
  const { table, dialect } = model;
  const conditions = [rest, model.live, ...page.conditions].filter((each) => each !== undefined);
  conditions.push(downTo(sort, before, page.floor));
  const ordered = sql`order by ${orderBy(sort, before)} limit ${limit}`;
  const among = (some: readonly Sql[]) => sql`where ${sql.join([...some, ...conditions], ' and ')}`;
  const me = sql`${param(ME)}`;
  const others = own.map((name) => sql`${sql.ref(name)} is distinct from ${me}`);
  const member = among([sql`${sql.ref(field)} = ${sql.ref(`_g.${GROUP}`)}`, ...others]);
  const groups = sql`(${rows}) as ${sql.id('_g')} cross join`;
  const ofGroups = dialect.lateral
    ? sql`select ${sql.id('_f')}.* from ${groups} lateral (select ${columns} from ${table} ${member} ${ordered}) as ${sql.id('_f')}`
    : sql`select ${columns} from ${groups} ${table} ${member}`;
  if (own.length === 0) return sql`${ofGroups} ${ordered}`;
  const ownRows = own.map(
    (name, at) =>
      sql`select ${columns} from ${table} ${among([sql`${sql.ref(name)} = ${me}`, ...others.slice(0, at)])}`,
  );
  return sql`select * from (${sql.join([ofGroups, ...ownRows], ' union all ')}) as ${sql.id('_u')} ${ordered}`;
}

/**
 * The rows after one in an order, as conditions of which the first that finds a row finds the next: each is a range of the index. Row
 * values where the order is even, which is one range.
 */
function stepsAfter(sort: readonly SortColumn[], places: readonly Sql[], before: boolean): Sql[][] {
  if (isEven(sort)) {
    const nulls = sort.map(() => false);
    return [[after(sort, places, nulls, before)]];
  }
  const columns = sort.map((column, at) => ({ column, ref: sql.ref(column.field.name), place: places[at] }));
  return columns.toReversed().flatMap(({ column: { descending, field }, ref, place }, from) => {
    const same = columns.slice(0, columns.length - 1 - from).map((each) => sql`${each.ref} is ${each.place}`);
    const isDown = descending !== before;
    const beyond = [...same, sql`${ref} ${sql.raw(isDown ? '<' : '>')} ${place}`];
    if (!field.field.nullable) return [beyond];
    // Null is before every value.
    const edge = isDown
      ? sql`${ref} is null and ${place} is not null`
      : sql`${ref} is not null and ${place} is null`;
    return [beyond, [...same, edge]];
  });
}

/** Whether an order goes one way, through values without null. */
export function isEven(sort: readonly SortColumn[]): boolean {
  return sort.every(({ field, descending }) => descending === sort[0]?.descending && !field.field.nullable);
}

/** Whether groups are merged in an order: it is the declared one, which the index of each ends in, and has whole values. */
export function isMergeable({ resource }: Model, sort: readonly SortColumn[]): boolean {
  const { order } = resource;
  const names = order.map((key) => key.replace(/^-/, ''));
  const turned = sort[0]?.descending !== order[0]?.startsWith('-');
  return (
    order.length > 0 &&
    sort.length <= order.length + 1 &&
    names.every((name, at) => sort[at]?.field.name === name) &&
    order.every((key, at) => sort[at]?.descending === (key.startsWith('-') !== turned)) &&
    sort.every((column) => !isUnusual(column) && !column.field.value && column.length === undefined)
  );
}
