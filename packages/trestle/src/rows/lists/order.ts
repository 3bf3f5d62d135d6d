import { type Sql, sql } from '../../database/sql.ts';
import type { Columns, Value } from '../../database/store.ts';
import { Problem } from '../../problems.ts';
import type { ListQuery } from '../../schema/services/list-query.ts';
import type { Model, ModelField, Projection } from '../model.ts';
import { filterable, filterableNames } from './filter-sql.ts';

const MAX_SORT_FIELDS = 5;

/** Characters that a text which is in no index is sorted by: a cursor holds them, and a URL of 8 KB the cursor. */
const MAX_KEY_LENGTH = 255;
/** Maximum total of the characters compared of several texts. */
const MAX_KEYS_LENGTH = 400;
/** Characters of an index, which are compared as they are. */
const MAX_INDEX_LENGTH = 666;

export interface SortColumn {
  readonly field: ModelField;
  readonly descending: boolean;
  /** How many characters of a text are compared; undefined where it is the whole value. */
  readonly length?: number;
}

/** The columns a list is in order of: what was asked for, else the resource's order; the id last, so that order is total. */
export function sortColumns(model: Model, sort: ListQuery['sort'], fields: Projection = model): SortColumn[] {
  const keys = sort && sort.length > 0 ? sort : model.resource.order;
  if (keys.length > MAX_SORT_FIELDS)
    throw new Problem('invalid_query', {
      detail: `A list may be sorted by ${MAX_SORT_FIELDS} fields, got ${keys.length}.`,
    });
  const columns = keys.map((key) => {
    const descending = key.startsWith('-');
    const name = descending ? key.slice(1) : key;
    const field = filterable(model, name, fields);
    if (!field || field.links)
      throw new Problem('invalid_query', {
        detail: `${model.name} cannot be sorted by '${name}'; it can by ${filterableNames({ ...fields, fields: fields.fields.filter(({ links }) => !links) }).join(', ')}.`,
        errors: [
          {
            pointer: 'sort',
            code: 'unknown',
            message: `there is no field '${name}' to sort by`,
            in: 'query',
          },
        ],
      });
    return { field, descending };
  });
  const bounded = withLengths(columns);
  if (columns.some(({ field }) => field.name === 'id')) return bounded;
  const id = filterable(model, 'id');
  return id ? [...bounded, { field: id, descending: columns.at(-1)?.descending ?? false }] : bounded;
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

/** The value that a row is compared by, as the driver gave it: that is what the driver binds again. */
export function sortValue({ field, length }: SortColumn, row: Columns): Value {
  const value = row[field.name] as Value;
  if (length === undefined || typeof value !== 'string' || value.length <= length) return value;
  return Array.from(value.slice(0, 2 * length))
    .slice(0, length)
    .join('');
}

/**
 * `order by`, backwards for a page before a cursor. Null comes before every value, on both databases.
 *
 * @param refer the SQL of a field (default: its column, or what computes it).
 */
export function orderBy(columns: readonly SortColumn[], backwards: boolean, refer: Refer = columnOf): Sql {
  const keys = columns.map((column) => {
    const down = column.descending !== backwards;
    const nulls = column.field.field.nullable ? sql.raw(down ? ' nulls last' : ' nulls first') : sql``;
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
  const oneWay = down.every((way) => way === down[0]);
  if (oneWay && columns.every(({ field }) => !field.field.nullable)) {
    const keys = columns.map((column) => keyOf(column));
    return sql`(${sql.join(keys)}) ${sql.raw(down[0] ? '<' : '>')} (${sql.join(position)})`;
  }
  const branches = columns.map((column, at) => {
    const same = columns
      .slice(0, at)
      .map((earlier, before) =>
        nulls[before] ? sql`${keyOf(earlier)} is null` : sql`${keyOf(earlier)} = ${position[before]}`,
      );
    const beyond = passed(column, position[at], nulls[at], down[at]);
    return sql`(${sql.join([...same, beyond], ' and ')})`;
  });
  return sql`(${sql.join(branches, ' or ')})`;
}

function passed(sort: SortColumn, value: Sql | undefined, isNull?: boolean, down?: boolean) {
  const key = keyOf(sort);
  if (down) {
    if (isNull) return sql`1 = 0`;
    return sort.field.field.nullable ? sql`(${key} < ${value} or ${key} is null)` : sql`${key} < ${value}`;
  }
  return isNull ? sql`${key} is not null` : sql`${key} > ${value}`;
}
