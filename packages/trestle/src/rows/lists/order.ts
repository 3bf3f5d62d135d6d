import { type Sql, sql } from '../../database/sql.ts';
import { Problem } from '../../problems.ts';
import type { ListQuery } from '../../schema/services/list-query.ts';
import type { Model, ModelField } from '../model.ts';
import { filterable, filterableNames } from './filter-sql.ts';

const MOST_SORTS = 5;

export interface SortColumn {
  readonly field: ModelField;
  readonly descending: boolean;
}

/** The columns a list is in order of: what was asked for, else the resource's order; the id last, so that order is total. */
export function sortColumns(model: Model, sort: ListQuery['sort']): SortColumn[] {
  const keys = sort && sort.length > 0 ? sort : model.resource.order;
  if (keys.length > MOST_SORTS)
    throw new Problem('invalid_query', {
      detail: `A list may be sorted by ${MOST_SORTS} fields, got ${keys.length}.`,
    });
  const columns = keys.map((key) => {
    const descending = key.startsWith('-');
    const name = descending ? key.slice(1) : key;
    const field = filterable(model, name);
    if (!field) throw unknownSort(model, name);
    return { field, descending };
  });
  if (columns.some(({ field }) => field.name === 'id')) return columns;
  const id = filterable(model, 'id');
  return id ? [...columns, { field: id, descending: columns.at(-1)?.descending ?? false }] : columns;
}

/**
 * `order by`, backwards for a page before a cursor. Null comes before every value, on both databases.
 *
 * @param refer what stands for a column (default: its name).
 */
export function orderBy(
  columns: readonly SortColumn[],
  backwards: boolean,
  refer: (name: string) => Sql = sql.ref,
): Sql {
  const keys = columns.map(({ field, descending }) => {
    const down = descending !== backwards;
    const nulls = field.field.nullable ? sql.raw(down ? ' nulls last' : ' nulls first') : sql``;
    return sql`${refer(field.name)} ${sql.raw(down ? 'desc' : 'asc')}${nulls}`;
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
    const names = columns.map(({ field }) => sql.ref(field.name));
    return sql`(${sql.join(names)}) ${sql.raw(down[0] ? '<' : '>')} (${sql.join(position)})`;
  }
  const branches = columns.map((column, at) => {
    const same = columns
      .slice(0, at)
      .map(({ field }, before) => equal(field, position[before], nulls[before]));
    const beyond = passed(column.field, position[at], nulls[at], down[at]);
    return sql`(${sql.join([...same, beyond], ' and ')})`;
  });
  return sql`(${sql.join(branches, ' or ')})`;
}

function equal(field: ModelField, value: Sql | undefined, isNull: boolean | undefined) {
  return isNull ? sql`${sql.ref(field.name)} is null` : sql`${sql.ref(field.name)} = ${value}`;
}

function passed(field: ModelField, value: Sql | undefined, isNull?: boolean, down?: boolean) {
  const column = sql.ref(field.name);
  if (down) {
    if (isNull) return sql`1 = 0`;
    return field.field.nullable
      ? sql`(${column} < ${value} or ${column} is null)`
      : sql`${column} < ${value}`;
  }
  return isNull ? sql`${column} is not null` : sql`${column} > ${value}`;
}

function unknownSort(model: Model, name: string): Problem {
  return new Problem('invalid_query', {
    detail: `${model.name} cannot be sorted by '${name}'; it can by ${filterableNames(model).join(', ')}.`,
    errors: [
      { pointer: 'sort', code: 'unknown', message: `there is no field '${name}' to sort by`, in: 'query' },
    ],
  });
}
