import type { Field } from './field.ts';
import type { Id, RowId } from './id.ts';
import type { Lifecycle, LifecycleOptions } from './lifecycle.ts';
import type { Hooks, HooksByVerb } from './own-code/hooks.ts';
import type { Readable, Writable } from './row-types.ts';
import type { Rule, RuleFilter, Rules } from './rules.ts';

/** The fields of a resource, by name. */
export type Fields = { readonly [name: string]: Field };

type AuthorNames<F extends Fields> = {
  [K in keyof F]: F[K] extends Field<infer T> ? (T extends { author: true } ? K : never) : never;
}[keyof F] &
  string;

type FieldNames<F extends Fields> = keyof F & string;

/**
 * The names that the rules of a resource may use.
 *
 * @internal
 */
interface RuleNames<F extends Fields> {
  author: AuthorNames<F>;
  field: FieldNames<F> | 'id';
}

/** One sort key: a field's name, with `-` before it for descending. */
type SortKey<Names extends string> = Names | 'id' | `-${Names | 'id'}`;

/** A condition on a row alone. */
type RowCondition<F extends Fields> =
  | ((row: Readable<F>) => boolean)
  | Rule<{ author: never; field: FieldNames<F> | 'id' }>;

/** A declared check of a row. */
export interface RowCheck {
  readonly that: ((row: never) => boolean) | Rule;
  readonly message: string;
}

/** A span in which there is one row of some values at a time. */
export interface Exclusion<Names extends string = string> {
  /** The fields whose values together are excluded. */
  readonly same: readonly Names[];
  /** Where the span of a row begins and ends: two fields of one comparable type. */
  readonly from: Names;
  /** The field with the end of the span, of the type of `from`. The end itself is free again. */
  readonly to: Names;
  /** Rows that take part, by constants (default: all): `{ state: ['requested', 'confirmed'] }`. */
  readonly where?: RuleFilter;
}

/** The fields of a feed's entries. */
export interface Feed<Names extends string = string> {
  /** A text. */
  readonly title: Names;
  /** An instant or a date, by which the newest come first. */
  readonly date: Names;
  /** An `author()`, whose name is shown to callers who may read the account, or a text (default: none). */
  readonly author?: Names | undefined;
  /** A text (default: none). */
  readonly content?: Names | undefined;
}

/** Options of `softDelete`. */
export interface SoftDeleteOptions<F extends Fields> {
  /** Who may bring a row back (default: the `delete` rule). */
  readonly restore?: Rule<RuleNames<F>>;
}

/** The declaration of a resource. */
export interface ResourceOptions<F extends Fields, I extends Id>
  extends Hooks<NoInfer<F>, I extends Id<infer T> ? T : string> {
  /** How rows are told apart (default: `uuidId()`). */
  id?: I;
  /** The fields, by name. `id` is added, and is no name of a field. */
  fields: F;
  /** The order of a list where the caller names none (default: `id`). The id is always the last tie-break. */
  order?: SortKey<FieldNames<F>> | readonly SortKey<FieldNames<F>>[];
  /** Who may do what. A verb that is left out is closed to every caller (default: all are). */
  can?: Rules<RuleNames<F>>;
  /** On creation at least one of these fields must be given and not null (default: none has to be). */
  atLeastOne?: readonly FieldNames<F>[];
  /**
   * Conditions on several fields of a row, by name: `where(...)`, in which `its('field')` is another field of the row, or a
   * function of the row as it will be kept, which must not change it nor wait for anything. On creation and after every change
   * a row that fails one of them is `invalid`, with its `message` (default: the name, with spaces).
   */
  check?: {
    readonly [name: string]:
      | RowCondition<NoInfer<F>>
      | { readonly that: RowCondition<NoInfer<F>>; readonly message: string };
  };
  /** Groups of fields whose values together must be unique (default: none). */
  unique?: readonly (readonly FieldNames<F>[])[];
  /**
   * Spans that no two rows with the same values may share, as one appointment at a time of a practitioner: a second is 409
   * `conflict`, however many are written at once. A span ends before its `to`, and null is in conflict with nothing
   * (default: no spans).
   */
  exclude?: Exclusion<FieldNames<F>> | readonly Exclusion<FieldNames<F>>[];
  /**
   * Deletion hides a row, and `POST /v1/RESOURCE/{id}:restore` brings it back (default: false). A hidden row is in no read, list,
   * count, rule or array of references, nothing new may refer to it, and its unique values are free meanwhile. Rows that
   * refer to it stay as they are.
   */
  softDelete?: boolean | SoftDeleteOptions<F>;
  /** Keeps who changed what and when, for `GET /v1/RESOURCE/{id}/history` (default: false). */
  history?: boolean;
  /** Groups of fields that are filtered or sorted by together: one index each (default: none). */
  indexes?: readonly (readonly FieldNames<F>[])[];
  /** The states of a row and the long-running operations between them (default: none). Needs a `state()` field. */
  lifecycle?: LifecycleOptions<NoInfer<F>, I extends Id<infer T> ? T : string>;
  /** Rows that are always there: each is put in at start where there is none with these values (default: none). */
  rows?: readonly Writable<NoInfer<F>>[];
  /**
   * Fields of text that `search=` of lists looks into, for whole words in the order of their rank: an array, or an object with the
   * weight of each, as `{ title: 4, body: 1 }` (default: it has no full-text index). At most four different weights.
   */
  search?: readonly FieldNames<F>[] | { readonly [K in FieldNames<F>]?: number };
  /** Serves its newest rows as Atom and JSON Feed, at `/v1/RESOURCE/feed.atom` and `feed.json` (default: it has no feed). */
  feed?: Feed<FieldNames<F>>;
  /**
   * Records every change of a row, so that `GET /v1/RESOURCE/events` keeps clients' lists up to date (default: false).
   * A write costs one more insert.
   */
  live?: boolean;
  /**
   * Whether changes and deletions of a row must name its version by `If-Match`, else 428 `precondition_required` (default:
   * `optional`). Of the uniform API: own code and contracts pass `ifMatch` themselves.
   */
  conditional?: 'optional' | 'required';
  /** Serves it in the uniform API (default: true); without, the app's contract and own code alone reach its rows. */
  uniform?: boolean;
  /** The previous name of the resource: a migration renames its table and keeps the rows (default: none). */
  was?: string;
}

/** @internal */
export interface ResourceTypes {
  fields: Fields;
  id: RowId;
}

/**
 * A declared resource: a kind of row.
 *
 * @internal
 */
export interface Resource<T extends ResourceTypes = ResourceTypes> {
  readonly id: Id;
  readonly fields: T['fields'];
  readonly order: readonly string[];
  readonly can: Rules;
  readonly atLeastOne: readonly string[];
  readonly check: { readonly [name: string]: RowCheck };
  readonly unique: readonly (readonly string[])[];
  readonly exclude: readonly Exclusion[];
  readonly history: boolean;
  readonly softDelete: { readonly restore?: Rule } | undefined;
  readonly indexes: readonly (readonly string[])[];
  readonly lifecycle: Lifecycle | undefined;
  readonly before: HooksByVerb;
  readonly within: HooksByVerb;
  readonly after: HooksByVerb;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** The weights of the fields in the full-text index, by their names. */
  readonly search: { readonly [field: string]: number } | undefined;
  readonly feed: Feed | undefined;
  readonly live: boolean;
  readonly conditional: 'optional' | 'required';
  readonly uniform: boolean;
  readonly was: string | undefined;
  /** The table of its rows, where that is not named as the resource is. */
  readonly table?: string;
  /** Fields that are columns of the table alone: no representation, filter or sort has them. */
  readonly hidden?: readonly string[];
  /** A type only. @internal */
  readonly $types?: T;
}
