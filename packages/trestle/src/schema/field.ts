import { Compile } from 'typebox/schema';
import { isObject, mistakesOf, type OptionCheck, withMistakes } from './checks/options.ts';
import type { FieldType } from './field-type.ts';
import type { Rule } from './rules.ts';

/** How a field takes part in a body: it must be given, it may be left out, or the server alone sets it. */
type Input = 'required' | 'optional' | 'server';

/**
 * The compile-time types of a field: what is read, what may be written, and whether it must be.
 *
 * @internal
 */
export interface FieldTypes {
  read: unknown;
  write: unknown;
  input: Input;
}

/** A JSON value, as `JSON.parse` gives it. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/**
 * One declared field: its type, and the options that every type has, with their defaults filled in.
 * Made by the functions of `fields/` (`text()`, `integer()`, ...), one file each.
 *
 * @internal
 */
export interface Field<T extends FieldTypes = FieldTypes> {
  readonly type: FieldType;
  readonly nullable: boolean;
  /** Value of an omitted field on creation; a field with neither default nor null is required. */
  readonly default: JsonValue | undefined;
  readonly unique: boolean;
  /** Makes an index, so that filtering and sorting by it stays quick on a large table. */
  readonly index: boolean;
  /** Previous name of the field: its values are kept under the new name. */
  readonly was: string | undefined;
  /** Takes part in `search`. */
  readonly search: boolean;
  readonly can: FieldOptions<never>['can'];
  /** A type only; there is nothing here at run time. @internal */
  readonly $types?: T;
}

/** Options that every writable field takes. */
export interface FieldOptions<V> {
  /** Null is a value of it, and what a left-out field becomes (default: false). */
  nullable?: boolean;
  /** Value of an omitted field on creation (default: none, the field is required). */
  default?: V;
  /** No two rows may share a value; a second is 409 `conflict` naming the field (default: false). */
  unique?: boolean;
  /** Keep an index for filters and sorts by this field (default: false; references, authors and `order` have theirs). */
  index?: boolean;
  /** Previous name of the field: a migration renames its column and keeps the values (default: none). */
  was?: string;
  /**
   * Who may read and set it: conditions on the caller, and on the row. A rule that is left out is that of the verb (default:
   * none). `nobody`: the app's own code alone.
   */
  can?: {
    /** Everybody else's rows are without it, and it is no field to filter, sort or search by. */
    readonly read?: Rule;
    /** Everybody else's new rows get the default. */
    readonly create?: Rule;
    /** Everybody else's changes leave it as it is. */
    readonly update?: Rule;
  };
}

/** The option of fields that refer to a row or an account which rows are listed of. */
export interface ParentOptions {
  /**
   * Let its index end in the order of the resource, so that the rows of one parent are listed without a sort (default: true). With false the
   * index has this field alone: a change that moves a row in the order writes one index less, and a list of a parent's rows reads all
   * of them.
   */
  index?: boolean;
}

/** The option of fields that take no others. */
export type RenameOptions = Pick<FieldOptions<never>, 'was' | 'can'>;

type NullOf<O> = O extends { nullable: true } ? null : never;

/**
 * The types of a field whose plain value is `V`, under the options `O`.
 *
 * @internal
 */
export interface Faces<V, O> extends FieldTypes {
  read: V | NullOf<O>;
  write: V | NullOf<O>;
  input: O extends { nullable: true } ? 'optional' : O extends { default: unknown } ? 'optional' : 'required';
}

/**
 * The types of a field that the server alone sets.
 *
 * @internal
 */
export interface ServerSet<V> extends FieldTypes {
  read: V;
  write: never;
  input: 'server';
}

/**
 * A field of a type, with the defaults of every option filled in.
 *
 * @param given the options as the caller wrote them.
 * @param check says what is wrong with them, for `app()` to throw with the path of the field.
 * @param fixed options that the type decides itself.
 */
export function field<T extends FieldTypes>(
  type: FieldType,
  given: unknown,
  check: OptionCheck,
  fixed: AllOptions = {},
): Field<T> {
  const options: AllOptions = { ...(isObject(given) ? given : {}), ...fixed };
  const mistakes = given === undefined ? [] : check(given);
  const made = Object.freeze({
    type: Object.freeze(type),
    nullable: options.nullable ?? false,
    default: mistakes.length > 0 ? undefined : keptDefault(type, options.default),
    unique: options.unique ?? false,
    index: options.index ?? false,
    was: options.was,
    search: options.search ?? false,
    can: options.can,
  });
  const declared = withMistakes(made, mistakes);
  return made.unique || made.index ? indexedField(declared) : declared;
}

type AllOptions = FieldOptions<unknown> & { search?: boolean };

/** A default in the form in which a body's value is kept. One that is no value of the field stays, for `app()` to refuse. */
function keptDefault(type: FieldType, value: unknown): JsonValue | undefined {
  const given = value === undefined || value === null || !type.normalize ? value : type.normalize(value);
  const completes = given !== undefined && given !== null && type.complete;
  const kept = completes && Compile(type.schema).Check(given) ? completes(given) : given;
  // `app()` checks it against the schema.
  return kept as JsonValue | undefined;
}

/** A field as it is where it is in an index: a text without `max` has a smaller default there. */
export function indexedField<F extends Field>(declared: F): F {
  const type = declared.type.indexed?.();
  if (!type) return declared;
  return withMistakes(Object.freeze({ ...declared, type: Object.freeze(type) }), mistakesOf(declared));
}

/** Whether the values of a field are in a column of its resource's table. */
export function hasColumn({ type }: Field): boolean {
  return type.relation === undefined;
}

/** A value of a field as it is kept; `given` is undefined where it was left out. */
export function completeValue(field: Field, given: unknown): unknown {
  const value = given === undefined ? (field.default ?? null) : given;
  return value !== null && field.type.complete ? field.type.complete(value) : value;
}

/** Throws where a field cannot be inside a value: what the server sets, and references, need a column of their own. */
export function requireNestable(inside: string, { type, can }: Field): void {
  if (can) throw new TypeError(`${inside}: can stands on fields of a resource, not inside a value`);
  if (type.server === undefined && type.reference === undefined) return;
  throw new TypeError(`${inside}: ${type.name} stands among the fields of a resource, not inside a value`);
}

type Normalizer = (value: unknown) => unknown;

/** Normalizes the members of an object, or leaves anything else to the check; undefined where no member needs it. */
export function memberNormalizer(fields: Iterable<readonly [string, Field]>): Normalizer | undefined {
  const members = [...fields].filter(([, { type }]) => type.normalize);
  if (members.length === 0) return undefined;
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const result: Record<string, unknown> = { ...value };
    for (const [name, { type }] of members)
      if (result[name] !== undefined) result[name] = type.normalize?.(result[name]);
    return result;
  };
}
