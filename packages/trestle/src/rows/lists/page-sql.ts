import { type Sql, sql } from '../../database/sql.ts';
import { eachRowOf } from '../../database/store.ts';
import { columnsOf, flagOf, type Model, type ModelField, type Projection } from '../model.ts';
import { Slot } from './filter-sql.ts';
import type { Position } from './list.ts';
import type { ListPlan } from './list-plan.ts';
import { amongFirst, pageDownTo, pageOfGroups } from './membership/group-sql.ts';
import type { Floor } from './membership/read-strategies.ts';
import { fewColumn, ofFewGroups, type RuleGroups } from './membership/rule-groups.ts';
import { after, boundsOf, orderBy, type SortColumn, sortKeysBeside, withSortKeys } from './order.ts';
import { asksAccount, ofAnyAccount } from './planned-once.ts';

/**
 * How the rows of a page are found: in the index of the list's order; in its first rows alone; by a scan of the table; by merging
 * the groups that the caller is a member of. The first rows and the groups are also read down to a floor, where the page ended the
 * last time, and the first rows so for a member of few groups, which are looked up once.
 */
export type AccessPath =
  | 'index'
  | 'first rows'
  | 'first rows to floor'
  | 'first rows to floor, of few'
  | 'table'
  | 'groups'
  | 'groups to floor';

export interface PlaceOfPage {
  readonly path: AccessPath;
  readonly position: Position | undefined;
  readonly floor?: Floor | undefined;
  readonly refer?: ((field: ModelField) => Sql) | undefined;
}

/** Rows that lists are of: those of a rule, and where it is one of memberships, by their groups. */
interface ListedRows {
  readonly model: Model;
  readonly where: Sql | undefined;
  readonly groups: RuleGroups | undefined;
}

/** Selects a page of a list, with one row more. Its places, limit and offset are bound after the values of the plan. */
export function pageSql(rows: ListedRows, plan: ListPlan, place: PlaceOfPage): Sql {
  const { sort, fields } = plan;
  const order = { sort, before: place.position?.before ?? false };
  const select = withLookups(fields, order, (columns) => rowsOfPage(rows, plan, place, columns));
  // How far the index is read depends on how many rows an account may read, which is planned by.
  const isOfAny = plan.isPlannedOnce && !(place.path === 'index' && plan.conditions.some(asksAccount));
  return isOfAny ? ofAnyAccount(select, rows.model) : select;
}

function rowsOfPage(
  { model, where: rule, groups }: ListedRows,
  plan: ListPlan,
  { path, position, floor, refer }: PlaceOfPage,
  columns: Sql,
): Sql {
  const { sort, values, ranked } = plan;
  const conditions = ranked ? plan.conditions.filter((each) => each !== ranked.condition) : plan.conditions;
  const places = position?.values ?? floor?.keys ?? [];
  const { dialect, table } = model;
  const unseen = (plan.isPlannedOnce && dialect.unseen) || ((value: Sql) => value);
  const placed = places.map((_, at) =>
    unseen(sql`${new Slot(values.length + at)}`, sort[at]?.field.kind ?? 'text'),
  );
  // A rank that depends on other rows is the one that the row of the place has now, while it is there.
  const now = placed[1] && ranked?.rankNow?.(placed[1]);
  if (now) placed[0] = sql`coalesce(${now}, ${placed[0]})`;
  const before = position?.before ?? false;
  const nulls = places.map((value) => value === null);
  const beyond = position && after(sort, placed, nulls, before);
  const bound = (at: number) => sql.rowCount(new Slot(values.length + places.length + at));
  const limit = plan.isPlannedOnce ? sql.lit(plan.limit + 1) : bound(0);
  const offset = plan.query.offset ? bound(1) : undefined;
  const page = { columns, sort, before, beyond, limit, offset };
  const floorKeys = floor && sql.join(placed);
  if (groups && (path === 'groups' || path === 'groups to floor')) {
    const others = conditions.filter((condition) => condition !== rule);
    const ofGroups = { ...page, conditions: others };
    return floorKeys
      ? pageDownTo(model, groups, { ...ofGroups, floor: floorKeys })
      : pageOfGroups(model, groups, ofGroups);
  }
  const all = [...conditions, beyond].filter((each) => each !== undefined);
  const select = (selected: Sql, where: Sql) => sql`select ${selected} from ${ranked?.from ?? table} ${where}
    order by ${orderBy(sort, before, refer)} ${boundsOf(page)}`;
  if (!path.startsWith('first rows')) return select(columns, whereClause(all, table, plan.perRow > 0));
  const first = amongFirst(model, page, floorKeys);
  if (!groups) return select(columns, whereClause([...all, first], table, false));
  // How many groups the caller has is asked together with the rows, and gone by when there is a floor.
  const few = floor ? undefined : fewColumn(groups, dialect);
  const isOfFew = path === 'first rows to floor, of few';
  const asked = all.map((each) => (isOfFew && each === rule ? ofFewGroups(groups, dialect) : each));
  return select(few ? sql`${columns}, ${few}` : columns, whereClause([...asked, first], table, false));
}

/** @param isScan marks a clause that many rows of the table may be compared with, for `Store.scan`. */
export function whereClause(conditions: readonly Sql[], table: Sql, isScan: boolean): Sql {
  if (isScan) return sql`where ${eachRowOf(table)} ${sql.join([sql`1 = 1`, ...conditions], ' and ')}`;
  return conditions.length > 0 ? sql`where ${sql.join(conditions, ' and ')}` : sql``;
}

/** The rows of a page: no resource has such a name. */
const PAGE = sql.id('_page');

interface Order {
  readonly sort: readonly SortColumn[];
  readonly before: boolean;
}

/**
 * Selects fields of a page's rows. Those that are looked up for all of these at once (`selected.ofPage`) are selected from them,
 * in their order.
 *
 * @param page selects the given columns of the rows.
 */
function withLookups(fields: Projection, { sort, before }: Order, page: (columns: Sql) => Sql): Sql {
  const isByColumns = sort.every(({ field, length }) => !field.value && length === undefined);
  const lookupIn = ({ selected }: ModelField) => {
    const lookup = isByColumns ? selected?.ofPage : undefined;
    return lookup && (lookup.its === 'id' || fields.byName.has(lookup.its)) ? lookup : undefined;
  };
  const others = fields.fields.filter((field) => !lookupIn(field));
  if (others.length === fields.fields.length) return page(withSortKeys(fields, sort));
  const rows = page(withSortKeys({ ...fields, columns: sql.join(columnsOf(others)) }, sort));
  const refer = (name: string) => sql`${PAGE}.${sql.id(name)}`;
  const values = fields.fields.map((field) => {
    const lookup = lookupIn(field);
    return lookup ? sql`${lookup.value(PAGE)} as ${sql.id(field.name)}` : refer(field.name);
  });
  const flags = others.filter(({ visible }) => visible).map(({ name }) => refer(flagOf(name)));
  const keys = sortKeysBeside(fields, sort).map(({ name }) => refer(name));
  return sql`with ${PAGE} as materialized (${rows})
    select ${sql.join([refer('id'), ...values, ...flags, ...keys])} from ${PAGE}
    order by ${orderBy(sort, before, ({ name }) => refer(name))}`;
}
