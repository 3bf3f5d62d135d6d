import { type Sql, sql } from '../../../database/sql.ts';
import { param } from '../../../database/statement.ts';
import type { Model } from '../../model.ts';
import { ME } from '../../rules/compiled-rule.ts';
import { after, boundsOf, isEven, orderBy, type PageBounds, rowsDownTo, type SortColumn } from '../order.ts';
import { GROUP, type RuleGroups } from './rule-groups.ts';

/** Rows of the list's order that are looked at for each one of the page. */
const LOOKED_AT = 8;

/** The condition that leaves the first rows of an order: those down to a floor, or so many for each of the page. */
export function amongFirst({ table, live }: Model, page: GroupPage, floor?: Sql): Sql {
  const { sort, before, beyond } = page;
  const first = comparedOf(sort);
  if (floor) return downTo(first, before, floor);
  const conditions = [live, beyond].filter((each) => each !== undefined);
  const where = conditions.length > 0 ? sql`where ${sql.join(conditions, ' and ')}` : sql``;
  const keys = sql.join(first.map(({ field }) => sql.ref(field.name)));
  return downTo(
    first,
    before,
    sql`select ${keys} from ${table} ${where} order by ${orderBy(sort, before)}
    limit 1 offset ${sql.lit(LOOKED_AT)} * ${rowsDownTo(page)}`,
  );
}

/** The keys that tell how far rows are taken: few have the same stamp of the server, and one column is compared faster than all. */
export function comparedOf(sort: readonly SortColumn[]): readonly SortColumn[] {
  return sort[0]?.field.type.server?.created === 'now' ? sort.slice(0, 1) : sort;
}

/** The rows of an order, which goes one way, down to some keys. */
function downTo(sort: readonly SortColumn[], before: boolean, keys: Sql): Sql {
  const isDown = sort[0]?.descending !== before;
  const own = sql.join(sort.map(({ field }) => sql.ref(field.name)));
  return sql`(${own}) ${sql.raw(isDown ? '>=' : '<=')} (${keys})`;
}

interface GroupPage extends PageBounds {
  /** The columns that are selected of the rows. */
  readonly columns: Sql;
  readonly sort: readonly SortColumn[];
  readonly before: boolean;
  /** The rows after a position; undefined for the first page. */
  readonly beyond: Sql | undefined;
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
  const { sort, before, beyond } = page;
  const { table, dialect } = model;
  const { own = [], memberships } = groups;
  const keys = sort.map((_, at) => sql.id(keyOf(at)));
  const conditions = [groups.rest, model.live, beyond, ...page.conditions].filter(
    (each) => each !== undefined,
  );
  const among = (some: readonly Sql[], selected: Sql, count: Sql) =>
    sql`select ${selected} from ${table} where ${sql.join([...some, ...conditions], ' and ')}
      order by ${orderBy(sort, before)} limit ${count}`;
  const others = notOwn(own);
  const inGroup = (field: string, group: Sql) => [sql`${sql.ref(field)} = ${group}`, ...others];
  const upTo = rowsDownTo(page);
  const ownRows = own.map((name, at) => {
    const rows = among([sql`${sql.ref(name)} = ${param(ME)}`, ...others.slice(0, at)], named(sort), upTo);
    return sql`${found(sort, '_o')} (${rows}) as ${sql.id('_o')}`;
  });
  if (dialect.lateral) {
    const ofGroups = memberships.map(
      ({ field, rows }) => sql`${found(sort, '_f')} (${rows}) as ${sql.id('_g')}
      cross join lateral (${among(inGroup(field, sql.ref(`_g.${GROUP}`)), named(sort), upTo)}) as ${sql.id('_f')}`,
    );
    return select(model, page, pageOf(page, groups, [...ofGroups, ...ownRows]));
  }
  const row = sql.join([...sort.map(({ field }) => sql.ref(`_r.${field.name}`)), sql.ref('_r.id')]);
  const queue = sql.join(
    sort.map(
      ({ descending }, at) =>
        sql`${sql.raw(String(at + 1))} ${sql.raw(descending !== before ? 'desc' : 'asc')}`,
    ),
  );
  const isAlone = own.length === 0 && memberships.length === 1;
  const queues = memberships.map(({ field, rows }, number) => {
    const [name, ref] = [sql.id(`_q${number}`), (column: string) => sql.ref(`_q${number}.${column}`)];
    const next = (group: Sql, more: readonly Sql[]) =>
      among([...inGroup(field, group), ...more], sql.ref('id'), sql`1`);
    const places = sort.map((_, at) => ref(keyOf(at)));
    const following = stepsAfter(sort, places, before).map((step) => sql`(${next(ref(GROUP), step)})`);
    return sql`${name} (${sql.join([...keys, sql.id('_id'), sql.id(GROUP)])}) as (
    select ${row}, ${sql.ref(`_g.${GROUP}`)} from (${rows}) as ${sql.id('_g')}
      join ${table} as ${sql.id('_r')} on ${sql.ref('_r.id')} = (${next(sql.ref(`_g.${GROUP}`), [])})
    union all select ${row}, ${ref(GROUP)} from ${name}
      join ${table} as ${sql.id('_r')} on ${sql.ref('_r.id')} = ${following[1] ? sql`coalesce(${sql.join(following)})` : following[0]}
    order by ${queue} ${isAlone ? boundsOf(page) : sql`limit ${upTo}`})`;
  });
  const merged = memberships.map((_, number) => sql`${found(sort, `_q${number}`)} ${sql.id(`_q${number}`)}`);
  const source = isAlone ? sql.id('_q0') : pageOf(page, groups, [...merged, ...ownRows]);
  return sql`with recursive ${sql.join(queues)} ${select(model, page, source)}`;
}

/** Selects the first page of the rows of a caller's groups, and of their own, from those down to the keys of a floor. */
export function pageDownTo(
  model: Model,
  groups: RuleGroups,
  page: GroupPage & { readonly conditions: readonly Sql[]; readonly floor: Sql },
): Sql {
  const { sort, before, limit } = page;
  const { table, dialect } = model;
  const { memberships, rest, own = [] } = groups;
  const isShared = memberships.length > 1;
  // Rows that several memberships may have are told by their ids.
  const columns = isShared ? named(sort) : page.columns;
  const conditions = [rest, model.live, ...page.conditions].filter((each) => each !== undefined);
  conditions.push(downTo(comparedOf(sort), before, page.floor));
  const ordered = sql`order by ${orderBy(sort, before)} limit ${limit}`;
  const among = (some: readonly Sql[]) => sql`where ${sql.join([...some, ...conditions], ' and ')}`;
  const others = notOwn(own);
  const ofGroups = memberships.map(({ field, rows }) => {
    const member = among([sql`${sql.ref(field)} = ${sql.ref(`_g.${GROUP}`)}`, ...others]);
    const joined = sql`(${rows}) as ${sql.id('_g')} cross join`;
    return dialect.lateral
      ? sql`select ${sql.id('_f')}.* from ${joined} lateral (select ${columns} from ${table} ${member} ${ordered}) as ${sql.id('_f')}`
      : sql`select ${columns} from ${joined} ${table} ${member}`;
  });
  const ownRows = own.map(
    (name, at) =>
      sql`select ${columns} from ${table} ${among([sql`${sql.ref(name)} = ${param(ME)}`, ...others.slice(0, at)])}`,
  );
  const all = [...ofGroups, ...ownRows];
  if (isShared) return select(model, page, pageOf(page, groups, all));
  if (own.length === 0) return sql`${ofGroups[0]} ${ordered}`;
  return sql`select * from (${sql.join(all, ' union all ')}) as ${sql.id('_u')} ${ordered}`;
}

/** Rows of the caller's own are none of the groups', so that no row comes twice. */
function notOwn(own: readonly string[]): Sql[] {
  return own.map((name) => sql`${sql.ref(name)} is distinct from ${param(ME)}`);
}

const keyOf = (at: number) => `_k${at}`;

/** The id and the keys of rows, under names that no field has. */
function named(sort: readonly SortColumn[]): Sql {
  return sql.join([
    sql`${sql.ref('id')} as ${sql.id('_id')}`,
    ...sort.map(({ field }, at) => sql`${sql.ref(field.name)} as ${sql.id(keyOf(at))}`),
  ]);
}

/** Selects these from a source. */
function found(sort: readonly SortColumn[], source: string): Sql {
  const columns = ['_id', ...sort.map((_, at) => keyOf(at))];
  return sql`select ${sql.join(columns.map((column) => sql.ref(`${source}.${column}`)))} from`;
}

function inOrder({ sort, before }: GroupPage, source: string): Sql {
  return orderBy(sort, before, (field) =>
    sql.ref(`${source}.${keyOf(sort.findIndex((each) => each.field === field))}`),
  );
}

/** A page of several selections of ids and keys. A row of more than one membership is there once. */
function pageOf(page: GroupPage, { memberships }: RuleGroups, all: readonly Sql[]): Sql {
  const { sort } = page;
  const rows = sql.join(all, memberships.length > 1 ? ' union ' : ' union all ');
  return sql`(${found(sort, '_u')} (${rows}) as ${sql.id('_u')} order by ${inOrder(page, '_u')} ${boundsOf(page)})`;
}

/** Selects the rows of ids and keys, in the order of these. */
function select({ table }: Model, page: GroupPage, source: Sql): Sql {
  return sql`select ${page.columns} from ${source} as ${sql.id('_h')}
    join ${table} on ${table}.${sql.ref('id')} = ${sql.ref('_h._id')} order by ${inOrder(page, '_h')}`;
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
