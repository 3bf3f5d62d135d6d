import { type Sql, sql } from '../../database/sql.ts';
import { Param } from '../../database/statement.ts';
import type { Model } from '../model.ts';
import { ME } from '../rules/compiled-rule.ts';
import type { ListPlan } from './list-plan.ts';

/** Limits that stand in the text of a statement: the common ones, since a connection keeps a limited number of statements. */
const LIMITS: ReadonlySet<number> = new Set([10, 20, 25, 30, 50, 100, 200]);

/**
 * Whether a list is planned once for all its pages: no value of a filter decides which plan is best. Its limit stands in the text of
 * the statement, and other values are hidden from the planner (`Dialect.unseen`). PostgreSQL would else plan each page: a bound
 * limit makes a plan for any look dear.
 */
export function isPlannedOnce(
  { dialect }: Model,
  { values, query, sort, limit }: Pick<ListPlan, 'values' | 'query' | 'sort' | 'limit'>,
): boolean {
  const isOfColumns = sort.every(({ field, length }) => !field.value && length === undefined);
  return (
    dialect.unseen !== undefined && values.length === 0 && isOfColumns && !query.offset && LIMITS.has(limit)
  );
}

/** A statement that is not planned by whose account asks. */
export function ofAnyAccount(query: Sql, { dialect: { unseen }, accountKind }: Model): Sql {
  return unseen
    ? sql.mapValues(query, (value) => (isAccount(value) ? unseen(sql`${value}`, accountKind) : value))
    : query;
}

/** Whether a piece of SQL depends on whose account asks. */
export function asksAccount({ values }: Sql): boolean {
  return values.some(isAccount);
}

function isAccount(value: unknown): boolean {
  return value instanceof Param && value.name === ME;
}
