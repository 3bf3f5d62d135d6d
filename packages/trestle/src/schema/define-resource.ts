import { isField } from './checks/field-options.ts';
import {
  aBoolean,
  aFunction,
  aString,
  expects,
  groups,
  isObject,
  isStrings,
  membersOf,
  mistake,
  names,
  type OptionCheck,
  optionsOf,
  shown,
  withMistakes,
} from './checks/options.ts';
import { aRule, rulesFor } from './checks/rule-options.ts';
import { indexedField } from './field.ts';
import { type Id, type RowId, uuidId } from './id.ts';
import type { LifecycleOperation, LifecycleOptions } from './lifecycle.ts';
import { hookChecks } from './own-code/hooks.ts';
import type { Exclusion, Feed, Fields, Resource, ResourceOptions, RowCheck } from './resource.ts';
import { type Rule, type Rules, VERBS } from './rules.ts';

type IdType<I> = I extends Id<infer T> ? T : string;

/**
 * Declares a kind of row: its id, fields, order and rules.
 *
 * @example
 * export const notes = resource({
 *   fields: { title: text({ min: 1, max: 200 }), author: author(), created_at: createdAt() },
 *   order: '-created_at',
 *   can: { read: anyone, create: signedIn, update: own('author'), delete: own('author') },
 * });
 */
export function resource<const F extends Fields, const I extends Id = Id<string>>(
  options: ResourceOptions<F, I>,
): Resource<{ fields: F; id: IdType<I> }> {
  const {
    id = uuidId(),
    fields,
    order = [],
    can = {},
    atLeastOne = [],
    check = {},
    unique = [],
    exclude = [],
    softDelete = false,
    history = false,
    indexes = [],
    lifecycle,
    before = {},
    within = {},
    after = {},
    rows = [],
    search,
    feed,
    live = false,
    conditional = 'optional',
    uniform = true,
    was,
  } = options;
  const exclusions = [exclude].flat();
  const spans = exclusions.filter(isObject).map(({ same, from, to }) => [...[same].flat(), from, to]);
  const orders = typeof order === 'string' ? [order] : order;
  // Checks with their messages; what is none stays, for `app()` to refuse with the other options.
  const checks = Object.entries(Object(check)).map(([name, given]) => [
    name,
    isObject(given) && 'that' in given ? given : { that: given, message: name.replaceAll('_', ' ') },
  ]);
  const declared = Object.freeze({
    id,
    fields: withIndexedFields(fields, [orders, ...unique, ...indexes, ...spans]),
    order: orders,
    can,
    atLeastOne,
    check: Object.fromEntries(checks) as Resource['check'],
    unique,
    exclude: exclusions,
    history,
    softDelete: softDelete === true ? {} : softDelete || undefined,
    indexes,
    lifecycle,
    before,
    within,
    after,
    rows,
    // The weight of each searched field; 1 where none is given. Kinds are checked with the other options.
    search: (isStrings(search)
      ? Object.fromEntries(search.map((name) => [name, 1]))
      : search) as Resource['search'],
    feed,
    live,
    conditional,
    uniform,
    was,
  });
  return withMistakes(declared, checkOptions(options));
}

/** The fields, those that are in an index of several, or in that of the order, as they are there. */
function withIndexedFields<F extends Fields>(fields: F, groups: readonly unknown[]): F {
  // Groups that are none, or name no field, are for `app()` to refuse.
  const indexed = new Set(
    groups.filter(isStrings).flatMap((group) => group.map((key) => key.replace(/^-/, ''))),
  );
  if (!isObject(fields)) return fields;
  const entries = Object.entries(fields).map(([name, field]) => [
    name,
    indexed.has(name) && isField(field) ? indexedField(field) : field,
  ]);
  // Object.fromEntries forgets the names; they are the fields' own.
  return Object.fromEntries(entries) as F;
}

const aWeight = expects(
  'a weight from 0.01 to 100',
  (value) => typeof value === 'number' && value >= 0.01 && value <= 100,
);
const weights = membersOf('an array of field names, or an object of weights', aWeight);

const checkSoftDelete = optionsOf<{ restore?: Rule }>('softDelete', { restore: aRule });
const checkExclusion = optionsOf<Exclusion>('exclude', {
  same: names,
  from: aString,
  to: aString,
  where: expects('a filter of constants', isObject),
});

const checkCondition: OptionCheck = (value) =>
  typeof value === 'function'
    ? []
    : isObject(value) && 'kind' in value
      ? aRule(value)
      : [mistake('', `expected where(...) or a function of the row, got ${shown(value)}`)];
const checkNamed = optionsOf<RowCheck>('a check', { that: checkCondition, message: aString });

const checkOptions = optionsOf<ResourceOptions<Fields, Id>>('resource()', {
  id: expects('integerId() or uuidId()', (value) => isObject(value) && isObject(value.type)),
  fields: membersOf('an object of fields', expects('a field such as text()', isField)),
  order: expects(
    'a field name or an array of them',
    (value) => typeof value === 'string' || isStrings(value),
  ),
  can: rulesFor(VERBS),
  atLeastOne: names,
  check: membersOf('an object of conditions', (value) =>
    isObject(value) && 'that' in value ? checkNamed(value) : checkCondition(value),
  ),
  unique: groups,
  history: aBoolean,
  softDelete: (value) => (typeof value === 'boolean' ? [] : checkSoftDelete(value)),
  exclude: (value) => [value].flat().flatMap((each) => checkExclusion(each)),
  indexes: groups,
  lifecycle: optionsOf<LifecycleOptions<Fields, RowId>>('lifecycle', {
    field: aString,
    operations: membersOf(
      'an object of operations',
      optionsOf<LifecycleOperation<never>>('an operation', {
        from: expects(
          'the name of a state or an array of them',
          (value) => typeof value === 'string' || isStrings(value),
        ),
        to: aString,
        can: aRule,
        run: aFunction,
      }),
    ),
  }),
  ...hookChecks,
  rows: expects('an array of objects', (value) => Array.isArray(value) && value.every(isObject)),
  search: (value) => (Array.isArray(value) ? names(value) : weights(value)),
  feed: optionsOf<Feed>('feed', { title: aString, date: aString, author: aString, content: aString }),
  live: aBoolean,
  conditional: expects("'optional' or 'required'", (value) => value === 'optional' || value === 'required'),
  uniform: aBoolean,
  was: aString,
});

/**
 * Declares a table of the engine itself: a resource whose rows lie in a table of another name.
 * Its hidden fields are columns that no representation, filter or sort has.
 *
 * @example
 * const keys = systemResource(resource({ fields: { name: text(), hash: text() } }), {
 *   table: '_trestle_keys',
 *   hidden: ['hash'],
 *   can: { read: administrator },
 * });
 */
export function systemResource<R extends Resource>(
  declared: R,
  system: {
    readonly table: string;
    readonly hidden?: readonly (keyof R['fields'] & string)[];
    readonly can?: Rules;
  },
): R {
  return Object.freeze({ ...declared, ...system });
}
