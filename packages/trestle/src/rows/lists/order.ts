import { type Sql, sql } from '../../database/sql.ts';
import { Problem } from '../../problems.ts';
import type { ListQuery } from '../../schema/services/list-query.ts';
import type { Model, ModelField, Projection } from '../model.ts';
import { COMPUTED_COST, filterable, filterableNames, isIndexed, type RelatedRows } from './filter-sql.ts';

const MAX_SORT_FIELDS = 5;
/** References that a sort key may follow. */
const MAX_SORT_DEPTH = 3;

/** Characters that a text which is in no index is sorted by: a cursor holds them, and a URL of 8 KB the cursor. */
const MAX_KEY_LENGTH = 255;
/** Maximum total of the characters compared of several texts. */
const MAX_KEYS_LENGTH = 400;
/** Characters of an index, which are compared as they are. */
const MAX_INDEX_LENGTH = 666;

/** Microseconds that SQLite takes to sort a row by what is in no index. */
const SORT_COST = 0.3;

export interface SortColumn {
  readonly field: ModelField;
  readonly descending: boolean;
  /** Null comes after every value (default: where it descends). */
  readonly nullsLast: boolean;
  /** How many characters of a text are compared; undefined where it is the whole value. */
  readonly length?: number;
}

/** The columns a list is in order of: what was asked for, else the resource's order; the id last, so that order is total. */
export function sortColumns({ model, fields, reach }: Sorted, sort: ListQuery['sort']): SortColumn[] {
  const keys = sort && sort.length > 0 ? sort : model.resource.order;
  if (keys.length > MAX_SORT_FIELDS)
    throw new Problem('invalid_query', {
      detail: `A list may be sorted by ${MAX_SORT_FIELDS} fields, got ${keys.length}.`,
    });
  const columns = keys.map((key) => {
    const [, down, name = '', nulls] = /^(-?)(.*?)(:nullsfirst|:nullslast)?$/s.exec(key) ?? [];
    const descending = down === '-';
    const nullsLast = nulls === undefined ? descending : nulls === ':nullslast';
    const field = sortable({ model, fields, reach }, name.split('.'));
    if (!field)
      throw new Problem('invalid_query', {
        detail: `${model.name} cannot be sorted by '${name}'; it can by ${filterableNames({ fields: fields.fields.filter(({ links }) => !links) }).join(', ')}.`,
        errors: [
          {
            pointer: 'sort',
            code: 'unknown',
            message: `there is no field '${name}' to sort by`,
            in: 'query',
          },
        ],
      });
    return { field, descending, nullsLast };
  });
  const bounded = withLengths(columns);
  if (columns.some(({ field }) => field.name === 'id')) return bounded;
  const id = filterable(model, 'id');
  const descending = columns.at(-1)?.descending ?? false;
  return id ? [...bounded, { field: id, descending, nullsLast: descending }] : bounded;
}

/** The rows that are sorted. */
interface Sorted extends Pick<RelatedRows, 'model' | 'fields'> {
  /** Finds the rows behind their references (default: they are sorted by their own fields). */
  readonly reach?: RelatedRows['reach'] | undefined;
}

/** A field to sort by, of the row itself or, after dots, of one that it refers to: null where the caller may not read that. */
function sortable(
  { model, fields, reach }: Sorted,
  [name = '', ...path]: readonly string[],
): ModelField | undefined {
  if (path.length === 0) {
    const own = filterable(model, name, fields);
    return own?.links ? undefined : own;
  }
  // The order would tell of a reference that the caller may not read in every row.
  const isReadable = !fields?.byName.get(name)?.visible;
  const far = isReadable && path.length <= MAX_SORT_DEPTH ? reach?.(name) : undefined;
  const field = far && sortable(far, path);
  if (!far || !field) return undefined;
  const { where } = far;
  // The far row is chosen inside, where no other table is near: a table may refer to itself.
  const chosen = sql`select ${sql.ref('id')}, ${columnOf(field)} as ${sql.id('value')} from ${far.model.table} ${where ? sql`where ${where}` : sql``}`;
  return {
    ...field,
    name: [name, ...path].join('.'),
    field: { ...field.field, nullable: true },
    indexed: false,
    value: sql`(select ${sql.ref('far.value')} from (${chosen}) as far where ${sql.ref('far.id')} = ${model.table}.${sql.ref(name)})`,
  };
}

/** Whether the order of a list goes across references, or places nulls otherwise than indexes do. */
export function isUnusual({ field, descending, nullsLast }: SortColumn): boolean {
  return field.name.includes('.') || nullsLast !== descending;
}

/** Whether an order goes one way, through values without null. */
export function isEven(columns: readonly SortColumn[]): boolean {
  return columns.every(
    ({ field, descending }) => descending === columns[0]?.descending && !field.field.nullable,
  );
}

/** A sort key as cursors are bound to it. */
export function sortKey({ field, descending, nullsLast }: SortColumn): string {
  const nulls = nullsLast === descending ? '' : nullsLast ? ':nullslast' : ':nullsfirst';
  return `${descending ? '-' : ''}${field.name}${nulls}`;
}

/** Texts that may be long are compared by their beginnings. Those of an index are not, which could not be used then. */
function withLengths(columns: readonly SortColumn[]): SortColumn[] {
  const lengths = columns.map(({ field }) => field.type.maxLength ?? 0);
  const all = lengths.reduce((sum, length) => sum + length, 0);
  if (all <= MAX_KEY_LENGTH) return [...columns];
  const texts = lengths.filter((length) => length > 0).length;
  const most = Math.min(MAX_KEY_LENGTH, Math.floor(MAX_KEYS_LENGTH / texts));
  return columns.map((column, at) => {
    const isWhole = Number(lengths[at]) <= most || (column.field.indexed && all <= MAX_INDEX_LENGTH);
    return isWhole ? column : { ...column, length: most };
  });
}

/** The sort key of a row. */
function keyOf({ field, length }: SortColumn, refer: Refer = columnOf): Sql {
  const column = refer(field);
  return length === undefined ? column : sql`substr(${column}, 1, ${sql.lit(length)})`;
}

/** The SQL of a field of a row. */
type Refer = (field: ModelField) => Sql;

const columnOf: Refer = ({ name, value }) => value ?? sql.ref(name);

/**
 * `order by`, backwards for a page before a cursor. Null comes before every value, on both databases, unless
 * it is placed.
 *
 * @param refer the SQL of a field (default: its column, or what computes it).
 */
export function orderBy(columns: readonly SortColumn[], backwards: boolean, refer: Refer = columnOf): Sql {
  const keys = columns.map((column) => {
    const down = column.descending !== backwards;
    const last = column.nullsLast !== backwards;
    const nulls = column.field.field.nullable ? sql.raw(last ? ' nulls last' : ' nulls first') : sql``;
    return sql`${keyOf(column, refer)} ${sql.raw(down ? 'desc' : 'asc')}${nulls}`;
  });
  return sql.join(keys);
}

/**
 * The rows after a position in the order. Row values where every column goes one way and none may be null, which both
 * databases answer from the index; otherwise column by column.
 */
export function after(
  columns: readonly SortColumn[],
  position: readonly Sql[],
  nulls: readonly boolean[],
  backwards: boolean,
): Sql {
  const down = columns.map(({ descending }) => descending !== backwards);
  if (isEven(columns)) {
    const keys = columns.map((column) => keyOf(column));
    return sql`(${sql.join(keys)}) ${sql.raw(down[0] ? '<' : '>')} (${sql.join(position)})`;
  }
  const branches = columns.map((column, at) => {
    const same = columns
      .slice(0, at)
      .map((earlier, before) =>
        nulls[before] ? sql`${keyOf(earlier)} is null` : sql`${keyOf(earlier)} = ${position[before]}`,
      );
    const beyond = passed(column, position[at], { isNull: nulls[at], down: down[at], backwards });
    return sql`(${sql.join([...same, beyond], ' and ')})`;
  });
  return sql`(${sql.join(branches, ' or ')})`;
}

function passed(
  sort: SortColumn,
  value: Sql | undefined,
  { isNull, down, backwards }: { isNull: boolean | undefined; down: boolean | undefined; backwards: boolean },
) {
  const key = keyOf(sort);
  const nullsLast = sort.nullsLast !== backwards;
  if (isNull) return nullsLast ? sql`1 = 0` : sql`${key} is not null`;
  const beyond = sql`${key} ${sql.raw(down ? '<' : '>')} ${value}`;
  return nullsLast && sort.field.field.nullable ? sql`(${beyond} or ${key} is null)` : beyond;
}

/** Microseconds that SQLite takes a row for the order of a list: none where an index has it. */
export function sortCost({ resource }: Model, sort: readonly SortColumn[]): number {
  const [first] = sort;
  const declared = resource.order[0]?.replace(/^-/, '');
  const isIndexOrder =
    first && !isUnusual(first) && (isIndexed(first.field) || first.field.name === declared);
  return (isIndexOrder ? 0 : SORT_COST) + (sort.some(({ field }) => field.value) ? COMPUTED_COST : 0);
}

/** The columns of some fields, and of those that their rows are sorted by: a cursor is made of these. */
export function withSortKeys(
  fields: Pick<Projection, 'columns' | 'byName'>,
  sort: readonly SortColumn[],
): Sql {
  const columns = sortKeysBeside(fields, sort).map(({ name, value }) =>
    value ? sql`${value} as ${sql.id(name)}` : sql.ref(name),
  );
  return sql.join([fields.columns, ...columns]);
}

/** The fields that rows are sorted by beside some others. */
export function sortKeysBeside(
  { byName }: Pick<Projection, 'byName'>,
  sort: readonly SortColumn[],
): ModelField[] {
  return sort.map(({ field }) => field).filter(({ name }) => name !== 'id' && !byName.has(name));
}

/** The rows of a page, in SQL. */
export interface PageBounds {
  readonly limit: Sql;
  /** Rows that are passed over; undefined where none are. */
  readonly offset: Sql | undefined;
}

/** `limit`, and `offset` only where there is one: SQLite joins an `exists` of a rule where there is none (56 against 67 µs). */
export function boundsOf({ limit, offset }: PageBounds): Sql {
  return offset ? sql`limit ${limit} offset ${offset}` : sql`limit ${limit}`;
}

/** The number of rows down to the end of a page. */
export function rowsDownTo({ limit, offset }: PageBounds): Sql {
  return offset ? sql`(${limit} + ${offset})` : limit;
}
