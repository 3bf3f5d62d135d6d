import { type Id, uuidId } from './id.ts';
import type { Fields, Resource, ResourceOptions } from './resource.ts';
import type { Rules } from './rules.ts';

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
    unique = [],
    indexes = [],
    lifecycle,
    rows = [],
    was,
  } = options;
  return Object.freeze({
    id,
    fields,
    order: typeof order === 'string' ? [order] : order,
    can,
    atLeastOne,
    unique,
    indexes,
    lifecycle,
    rows,
    was,
  });
}

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
