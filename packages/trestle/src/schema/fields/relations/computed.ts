import { Type } from 'typebox';
import {
  aString,
  expects,
  isObject,
  type Mistake,
  mistakesOf,
  oneWordOf,
  optionsOf,
  withMistakes,
} from '../../checks/options.ts';
import { rulesFor } from '../../checks/rule-options.ts';
import { type Field, type FieldTypes, field, type ServerSet } from '../../field.ts';
import type { Computed, FieldType } from '../../field-type.ts';
import { existsRule, type ItsIn, type Rule, type RuleFilter } from '../../rules.ts';
import { BOOLEAN } from '../boolean.ts';
import { INTEGER } from '../integer.ts';
import { FINITE } from '../number.ts';

/** Options of `count()`, `sum()` and `exists()`. */
export interface ComputedOptions {
  /**
   * Which rows it is made of: those that the caller may read, or all of them, whose number and values it tells everybody
   * then who may read the field (default: `'readable'`).
   */
  rows?: 'readable' | 'all';
  /** Rules of the field. */
  can?: {
    /** Who may read it, by a condition on the caller (default: whoever reads the row). */
    readonly read?: Rule<never>;
  };
}

/**
 * The type of a sum is that of the field whose values it adds up.
 *
 * @internal
 */
export interface SumFaces<Target extends string, Of extends string> extends FieldTypes {
  target: Target;
  of: Of;
  null: never;
  input: 'server';
}

const check = optionsOf<ComputedOptions>('a computed field', {
  rows: oneWordOf(['readable', 'all']),
  can: rulesFor(['read']),
});

/**
 * The number of rows of another resource that match a filter, in which `its('field')` is a field of this row and `me` the
 * caller's account. Read-only, computed by the query that reads the row; lists are filtered and sorted by it. Counts the
 * rows that the caller may read. The declaration makes the index that this needs.
 *
 * @example
 * const articles = resource({ fields: { title: text(), favorites: count('favorites', { article: its('id') }) } });
 */
export function count(
  resource: string,
  filter: RuleFilter,
  options?: ComputedOptions,
): Field<ServerSet<number>> {
  const relation = { kind: 'count', resource, filter, rows: options?.rows ?? 'readable' } as const;
  return computed({ ...INTEGER, name: 'count', schema: Type.Integer({ minimum: 0 }) }, relation, options);
}

/**
 * The sum of a number field of the rows of another resource that match a filter, as `count` takes it; 0 without any. Sums of
 * `decimal()` are exact; others are numbers, exact up to 2^53.
 *
 * @param of the field whose values are added up.
 *
 * @example
 * const invoices = resource({ fields: { total: sum('lines', 'amount', { invoice: its('id') }) } });
 */
export function sum<const Target extends string, const Of extends string>(
  resource: Target,
  of: Of,
  filter: RuleFilter,
  options?: ComputedOptions,
): Field<SumFaces<Target, Of>> {
  const relation = { kind: 'sum', resource, filter, rows: options?.rows ?? 'readable', of } as const;
  // The type of the added field takes the place of this one when the app is compiled.
  return computed({ ...FINITE, name: 'sum', schema: Type.Number() }, relation, options, aString(of));
}

/**
 * Rows for which a row of another resource matches a filter, in which `its('field')` is a field of the row itself. As a rule,
 * it looks at all rows; as a field, it is true or false as `count` is 0 or not. The declaration makes the index that this
 * needs.
 *
 * @example
 * const articles = resource({
 *   fields: {
 *     team: reference('teams'),
 *     favorited: exists('favorites', { article: its('id'), account: me }),
 *   },
 *   can: { read: exists('memberships', { team: its('team'), member: me, rank: ['owner', 'editor'] }) },
 * });
 */
export function exists<const F extends RuleFilter>(
  resource: string,
  filter: F,
): Rule<{ author: never; field: ItsIn<F> }> & Field<ServerSet<boolean>>;
export function exists(
  resource: string,
  filter: RuleFilter,
  options: ComputedOptions,
): Field<ServerSet<boolean>>;
export function exists(resource: string, filter: RuleFilter, options?: ComputedOptions) {
  const rows = options?.rows ?? 'readable';
  const made = computed({ ...BOOLEAN, name: 'exists' }, { kind: 'exists', resource, filter, rows }, options);
  if (options) return made;
  return withMistakes(Object.freeze({ ...made, ...existsRule(resource, filter) }), mistakesOf(made));
}

const aFilter = expects("a filter such as { article: its('id') }", isObject);

function computed<T extends FieldTypes>(
  type: FieldType,
  relation: Computed,
  options: ComputedOptions | undefined,
  mistakes: readonly Mistake[] = [],
): Field<T> {
  return field({ ...type, server: {}, relation }, options ?? {}, (given) => [
    ...aString(relation.resource),
    ...aFilter(relation.filter),
    ...mistakes,
    ...check(given),
  ]);
}
