import type { TSchema } from 'typebox';

/** How a field takes part in a body: it must be given, it may be left out, or the server alone sets it. */
export type Input = 'required' | 'optional' | 'server';

/** The compile-time face of a field: what is read, what may be written, and whether it must be. */
export interface FieldTypes {
  read: unknown;
  write: unknown;
  input: Input;
}

/** How a value lies in a column. A dialect says what SQL type that is and how the value is encoded. */
export type ColumnKind =
  | 'text'
  | 'integer'
  | 'number'
  | 'boolean'
  | 'timestamp'
  | 'json'
  | 'uuid'
  | 'account';

/** What the server writes into a field of its own accord. */
export type Automatic = 'author' | 'editor' | 'createdAt' | 'updatedAt' | 'counter' | 'state';

/** A JSON value, as `JSON.parse` gives it. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/**
 * One declared field: a runtime schema (TypeBox, which is JSON Schema), and types that follow from it.
 * Made by the functions of this folder (`text()`, `integer()`, …), one file each.
 */
export interface Field<T extends FieldTypes = FieldTypes> {
  readonly kind: string;
  readonly column: ColumnKind;
  /** The JSON Schema of a value, without null. */
  readonly schema: TSchema;
  readonly nullable: boolean;
  /** What a left-out field becomes on creation; a field with neither default nor null must be given. */
  readonly default: JsonValue | undefined;
  readonly unique: boolean;
  /** Makes an index, so that filtering and sorting by it stays quick on a large table. */
  readonly index: boolean;
  /** What the field was called before: its values are kept under the new name. */
  readonly was: string | undefined;
  /** Takes part in `search`. */
  readonly search: boolean;
  /** Set by the server, never by a caller. */
  readonly automatic?: Automatic;
  readonly reference?: { readonly target: string; readonly onDelete: OnDelete };
  readonly counter?: { readonly countsReads: boolean; readonly resetOnUpdate: boolean };
  /** The name of the first state, and the field of the states that names them. */
  readonly state?: { readonly initial: string; readonly by: string };
  /** Brings a given value to its form before it is checked (white space removed). */
  readonly normalize?: (value: unknown) => unknown;
  /** Fills what a nested value left out (defaults inside objects and lists). */
  readonly complete?: (value: unknown) => unknown;
  /** A type only; there is nothing here at run time. @internal */
  readonly $types?: T;
}

/** What happens to a row when the row it refers to is deleted. */
export type OnDelete = 'cascade' | 'restrict' | 'setNull';

/** Options that every writable field takes. */
export interface FieldOptions<V> {
  /** Null is a value of it, and what a left-out field becomes (default: false). */
  nullable?: boolean;
  /** What a left-out field becomes on creation (default: none, the field is required). */
  default?: V;
  /** No two rows may share a value; a second is 409 `conflict` naming the field (default: false). */
  unique?: boolean;
  /** Keep an index for filters and sorts by this field (default: false; references, authors and `order` have theirs). */
  index?: boolean;
  /** What the field was called before: a migration renames its column, and keeps the values (default: none). */
  was?: string;
}

/** The option of fields that take no others. */
export type RenameOptions = Pick<FieldOptions<never>, 'was'>;

type NullOf<O> = O extends { nullable: true } ? null : never;

/** The faces of a field whose plain value is `V`, under the options `O`. */
export interface Faces<V, O> extends FieldTypes {
  read: V | NullOf<O>;
  write: V | NullOf<O>;
  input: O extends { nullable: true } ? 'optional' : O extends { default: unknown } ? 'optional' : 'required';
}

/** The faces of a field that the server alone sets. */
export interface ServerSet<V> extends FieldTypes {
  read: V;
  write: never;
  input: 'server';
}

interface Definition<V> extends FieldOptions<V> {
  kind: string;
  column: ColumnKind;
  schema: TSchema;
  search?: boolean;
  automatic?: Automatic;
  reference?: Field['reference'];
  counter?: Field['counter'];
  state?: Field['state'];
  normalize?: Field['normalize'];
  complete?: Field['complete'];
}

/** A field from its definition, with the defaults of every option filled in. */
export function field<T extends FieldTypes>(definition: Definition<unknown>): Field<T> {
  const { kind, column, schema, automatic, reference, counter, state, normalize, complete } = definition;
  return Object.freeze({
    kind,
    column,
    schema,
    nullable: definition.nullable ?? false,
    default: definition.default as JsonValue | undefined,
    unique: definition.unique ?? false,
    index: definition.index ?? false,
    was: definition.was,
    search: definition.search ?? false,
    ...(automatic && { automatic }),
    ...(reference && { reference }),
    ...(counter && { counter }),
    ...(state && { state }),
    ...(normalize && { normalize }),
    ...(complete && { complete }),
  });
}

/** Throws where a field cannot stand inside a value: what the server sets, and references, need a column of their own. */
export function requireNestable(inside: string, { kind, automatic, reference }: Field): void {
  if (automatic === undefined && reference === undefined) return;
  throw new TypeError(`${inside}: ${kind} stands among the fields of a resource, not inside a value`);
}

export type Normalizer = readonly [name: string, normalize: (value: unknown) => unknown];

/** The members of an object whose values are normalized before they are checked. */
export function normalizers(fields: Iterable<readonly [string, Field]>): Normalizer[] {
  return [...fields].flatMap(([name, { normalize }]) => (normalize ? [[name, normalize] as const] : []));
}

/** An object with these members normalized; anything else as it came, for the check to refuse. */
export function normalizeMembers(members: readonly Normalizer[], value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const given: Readonly<Record<string, unknown>> = { ...value };
  const changed = members.filter(([name]) => given[name] !== undefined);
  if (changed.length === 0) return value;
  return {
    ...given,
    ...Object.fromEntries(changed.map(([name, normalize]) => [name, normalize(given[name])])),
  };
}
