import { type Sql, sql } from '../../database/sql.ts';
import { Problem } from '../../problems.ts';
import type { Caller } from '../../schema/caller.ts';
import type { ListQuery } from '../../schema/services/list-query.ts';
import type { Model } from '../model.ts';
import { FilterParts } from './filter-sql.ts';

const LONGEST_SEARCH = 200;

/** Which rows a caller asks for and may see: the condition, its values and its shape. */
export interface Selection {
  readonly parts: FilterParts;
  readonly conditions: Sql[];
}

/** The filter, the search and the read rule of a list as one condition. Throws `invalid_query` naming what is wrong. */
export function selectRows(model: Model, caller: Caller, query: ListQuery): Selection {
  const parts = new FilterParts(model);
  const conditions: Sql[] = [];
  const filter = query.filter && parts.build(query.filter);
  if (filter) conditions.push(filter);
  if (query.search !== undefined && query.search !== '') conditions.push(search(model, parts, query.search));
  const where = model.policy.where(caller, 'read');
  if (where) conditions.push(where);
  const restriction = model.restrict?.(caller, (value) => parts.bind(value));
  if (restriction) {
    parts.shape += restriction.key;
    conditions.push(restriction.condition);
  }
  if (parts.errors.length > 0)
    throw new Problem('invalid_query', {
      errors: parts.errors,
      detail: parts.errors.map((error) => `filter${error.pointer}: ${error.message}`).join('; '),
    });
  return { parts, conditions };
}

export function whereClause(conditions: readonly Sql[]): Sql {
  return conditions.length > 0 ? sql`where ${sql.join(conditions, ' and ')}` : sql``;
}

function search(model: Model, parts: FilterParts, text: string): Sql {
  const fields = model.fields.filter(({ field }) => field.search);
  if (fields.length === 0)
    throw new Problem('invalid_query', {
      detail: `${model.name} has no field to search in (declare one with search: true).`,
    });
  if (text.length > LONGEST_SEARCH)
    throw new Problem('invalid_query', {
      detail: `A search may have ${LONGEST_SEARCH} characters, got ${text.length}.`,
    });
  parts.shape += 'search';
  const found = fields.map(({ name }) => parts.textCondition(name, 'icontains', text));
  return sql`(${sql.join(found, ' or ')})`;
}
