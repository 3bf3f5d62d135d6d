import type { TSchema } from 'typebox';
import { Compile } from 'typebox/schema';
import { toUtc } from '../clock.ts';
import type { RowId } from './id.ts';
import type { Rule, RuleFilter } from './rules.ts';
import { OPERATORS, type Operator } from './services/list-query.ts';

/** How a value is stored. A dialect says what SQL type that is. */
export type StoredKind =
  | 'text'
  | 'integer'
  | 'number'
  | 'decimal'
  | 'boolean'
  | 'timestamp'
  | 'json'
  | 'uuid';

/** Rows of another resource that a field stands for, which has no column of its own. */
type Relation = Many | Computed | Links;

/** Rows of another resource that a row refers to, in an order; a table of their own holds them. */
interface Links {
  readonly kind: 'links';
  readonly resource: string;
  readonly max: number;
  readonly onDelete: 'restrict' | 'remove';
}

/** Rows of another resource that a value is computed from. */
export interface Computed {
  readonly kind: 'count' | 'exists' | 'sum';
  readonly resource: string;
  readonly filter: RuleFilter;
  /** Those that the caller may read, or all. */
  readonly rows: 'readable' | 'all';
  /** The field whose values are added up. */
  readonly of?: string;
}

/** The rows that refer to a row. */
export interface Many {
  readonly kind: 'many';
  readonly resource: string;
  /** Their field that refers to it. */
  readonly by: string;
}

/** Action on a row when the row it refers to is deleted. */
export type OnDelete = 'cascade' | 'restrict' | 'setNull';

/** How values of a column of another kind become values of a type. */
export interface Conversion {
  /** Every value has one, and can be had back: the migration is made at start. */
  readonly isLossless?: true;
  /** The value, or undefined for one that stands for none. Instants are RFC 3339, JSON is its value. */
  convert(value: unknown): unknown;
}

/** Who writes a row, and when. */
export interface Write {
  readonly account: RowId | null;
  /** RFC 3339, UTC, milliseconds. */
  readonly now: string;
  /** Where counters begin. */
  readonly zero: 0;
}

/** A step from one of some states to another. */
export interface TransitionOf<S extends string> {
  /** The state, or the states, it may start from. */
  readonly from: S | readonly S[];
  /** The state it ends in. */
  readonly to: S;
  /** Who may make it (default: the resource's `update` rule). */
  readonly can?: Rule;
}

/** The value that the server sets in a field that no caller may write. */
interface ServerValue {
  /** The value of a new row, out of its write; undefined where the insert itself looks it up. */
  readonly created?: keyof Write;
  /** The value after an edit; undefined where an edit leaves it as it is. */
  readonly edited?: keyof Write;
  /** Edited too where a row loses a reference because the other row was deleted (`setNull`). */
  readonly onSetNull?: true;
  /** Rows that are older than the column get the moment of the migration. */
  readonly older?: 'now';
}

/**
 * A field type: all that the engine asks about values of one kind. Each type is one file of `fields/`; code that is shared
 * by all types asks these members and never the name. An optional member that is missing means that there is nothing to do.
 *
 * @internal
 */
export interface FieldType {
  /** Its name in declarations and messages: `text`. */
  readonly name: string;
  /** How a value is stored; a reference has the column of the id it names. */
  readonly column: StoredKind;
  /** The JSON Schema of a value, without null: what bodies are checked against and OpenAPI shows. */
  readonly schema: TSchema;
  /** Filter operators. A type without any is neither filtered nor sorted by, nor indexed. */
  readonly operators: readonly Operator[];
  /** The operand of a filter, as an error names it: `a number`. */
  readonly expected: string;
  /** Whether a filter may compare with this value. Bounds do not matter to a comparison. */
  accepts(value: unknown): boolean;
  /**
   * The value that a text of a query or of a CSV cell stands for. A text that stands for none stays as it is, for the
   * check to refuse. `parseJson` throws `Problem`.
   */
  fromText(text: string, parseJson: (text: string) => unknown): unknown;
  /** A value as the cell of a CSV file. */
  toText(value: unknown): string;
  /** A default as the text of a column's default, where it is not the value itself. */
  toColumnDefault?(value: unknown): string;
  /** The admin UI's editor of a value. */
  readonly editor: string;
  /** Maximum length of a text in characters: what a place in an index and in a cursor has to hold. */
  readonly maxLength?: number;
  /** The type of such a field where it is in an index, if that is another. */
  indexed?(): FieldType;
  /** Brings a given value to the form in which it is checked. */
  normalize?(value: unknown): unknown;
  /** Brings a checked value to the form in which it is kept: instants in UTC, defaults of nested members. */
  complete?(value: unknown): unknown;
  /** How columns of other kinds become columns of it in a migration. One of a kind that is missing is made anew. */
  readonly conversions?: Partial<Record<StoredKind, Conversion>>;
  /** The type of the sum of its values; none where they cannot be added up. */
  sums?(): FieldType;
  /** Digits after the point of a decimal. */
  readonly scale?: number;
  /** Merges an object of a patch into the current value (RFC 7396). Other values replace it. */
  merge?(current: unknown, patch: unknown): unknown;
  /** Set by the server, never by a caller. */
  readonly server?: ServerValue;
  /** Set by the server from another field of the row: the first candidate that no other row has. */
  readonly derived?: {
    readonly from: string;
    /** A change of that field changes it. */
    readonly follows: boolean;
    candidates(source: unknown): readonly string[];
  };
  /** The resource whose rows it refers to. */
  readonly reference?: { readonly target: string; readonly onDelete: OnDelete };
  /** Its value is made of other rows: no column holds it. */
  readonly relation?: Relation;
  /** Refers to an account: its column, schema and comparisons become those of the accounts' ids. */
  readonly isAccount?: true;
  /** Names the row's owner: `own(...)` may name it. */
  readonly isOwner?: true;
  /** Reading one row adds one. */
  readonly countsReads?: boolean;
  /** The steps between its values that happen at once, by name. */
  readonly transitions?: { readonly [name: string]: TransitionOf<string> };
  /** The name of the first state, and the field of the states that names them. */
  readonly state?: { readonly initial: string; readonly by: string };
}

/** A conversion of values that stay as they are; undefined for those that do not pass. */
export function only(passes: (value: unknown) => boolean): Conversion {
  return { convert: (value) => (passes(value) ? value : undefined) };
}

/** Whether values fit a schema, which the first of them compiles: a start has no values. */
export function fits(schema: TSchema): (value: unknown) => boolean {
  let validator: ReturnType<typeof Compile> | undefined;
  return (value) => {
    validator ??= Compile(schema);
    return validator.Check(value);
  };
}

const names = Object.keys(OPERATORS) as Operator[];

/** The operators of types that are not texts. */
export const COMPARISONS: readonly Operator[] = names.filter(
  (name) => OPERATORS[name] !== 'text' && OPERATORS[name] !== 'member',
);
/** The operators of texts. */
const TEXT_OPERATORS: readonly Operator[] = names.filter((name) => OPERATORS[name] !== 'member');

/** Members that are the same for every type whose values are strings. */
export const STRING = {
  operators: TEXT_OPERATORS,
  expected: 'a string',
  accepts: (value: unknown): boolean => typeof value === 'string',
  fromText: (text: string): unknown => text,
  toText: String,
  editor: 'text',
  conversions: {
    integer: { isLossless: true, convert: String },
    number: { isLossless: true, convert: String },
    decimal: { isLossless: true, convert: String },
    boolean: { isLossless: true, convert: String },
    timestamp: { isLossless: true, convert: toUtc },
    uuid: { isLossless: true, convert: String },
    json: { convert: (value: unknown) => (typeof value === 'object' ? undefined : String(value)) },
  },
} as const;
