import type { RelationsOf, RowOf } from 'trestle';

/** A value without null. */
type Plain<V> = Exclude<V, null>;

/** Conditions on one field. Text operators are of strings alone; objects and arrays take no filter. */
export type Condition<V> = {
  /** Equal to it; null is a value. */
  eq?: V;
  /** Not equal to it. */
  ne?: V;
  /** Greater. */
  gt?: Plain<V>;
  /** Greater or equal. */
  gte?: Plain<V>;
  /** Less. */
  lt?: Plain<V>;
  /** Less or equal. */
  lte?: Plain<V>;
  /** One of these. */
  in?: readonly Plain<V>[];
  /** None of these. */
  nin?: readonly Plain<V>[];
  /** From the first to the second, both included. */
  between?: readonly [Plain<V>, Plain<V>];
  /** True: null; false: not null. */
  null?: boolean;
} & (Plain<V> extends string
  ? { contains?: string; icontains?: string; starts?: string; ends?: string }
  : unknown);

type Comparable = string | number | boolean | null;
type ComparableNames<Row> = {
  [K in keyof Row & string]: Row[K] extends Comparable ? K : never;
}[keyof Row & string];

/** The resource `N` among those of an app. */
type Target<Rs, N> = N extends keyof Rs
  ? RowOf<Rs[N], Rs>
  : Readonly<Record<string, unknown>> & { id: string | number };
type Relations<Rs, N> = N extends keyof Rs ? RelationsOf<Rs[N]> : Record<never, never>;
type OneOf<R> = { [K in keyof R]: R[K] extends { kind: 'one' } ? K : never }[keyof R];
type TargetOf<R> = R extends { target: infer T } ? T : never;

type ListOf<R> = { [K in keyof R]: R[K] extends { kind: 'list' } ? K : never }[keyof R];

/**
 * Conditions by field or, of what a reference leads to, by its name, however many references away; all of them must hold, and one
 * of the alternatives. `has` is for `references()`.
 */
export type Filter<Row, Rs = unknown, N = never> = {
  [K in ComparableNames<Row> | (keyof Row & ListOf<Relations<Rs, N>>)]?: Row[K] extends readonly (infer Id)[]
    ? { has: Id }
    :
        | Condition<Row[K]>
        | (K extends OneOf<Relations<Rs, N>>
            ? Filter<Target<Rs, TargetOf<Relations<Rs, N>[K]>>, Rs, TargetOf<Relations<Rs, N>[K]>>
            : never);
} & {
  /** One of these must hold as well (default: no alternatives). */
  or?: readonly Filter<Row, Rs, N>[];
};

type FarNames<Rs, N> = {
  [K in OneOf<Relations<Rs, N>> &
    string]: `${K}.${ComparableNames<Target<Rs, TargetOf<Relations<Rs, N>[K]>>>}`;
}[OneOf<Relations<Rs, N>> & string];

/** A field to sort by, of the row or of one that it refers to; `-` before it for descending, and the place of null after it. */
export type SortKey<
  Row,
  Rs = unknown,
  N = never,
> = `${'' | '-'}${ComparableNames<Row> | FarNames<Rs, N>}${'' | ':nullsfirst' | ':nullslast'}`;

/** Related rows to be read with others: `true`, or which of them. */
export type ExpandQuery<Rs, N> = {
  readonly [K in keyof Relations<Rs, N>]?: true | Expansion<Rs, TargetOf<Relations<Rs, N>[K]>>;
};

/** Which rows of a relation, and what of them; filter, sort and limit are for relations to many. */
export interface Expansion<Rs, N> extends Selection<Rs, N> {
  /** Which of them (default: all). */
  filter?: Filter<Target<Rs, N>, Rs, N>;
  /** Their order (default: their resource's `order`). */
  sort?: readonly SortKey<Target<Rs, N>, Rs, N>[];
  /** Maximum rows of each row (default: 10). */
  limit?: number;
}

/** The part of a row that is read. */
export interface Selection<Rs, N> {
  /** These fields alone, and the id (default: all). */
  fields?: readonly (keyof Target<Rs, N> & string)[];
  /** Related rows, under `expand` of each row (default: none). */
  expand?: ExpandQuery<Rs, N>;
}

type KeysOf<S> = S extends unknown ? keyof S : never;
type ValueOf<S, K> = S extends unknown ? (K extends keyof S ? S[K] : never) : never;
type ItemOf<S> = S extends readonly (infer I)[] ? I : never;

/**
 * A query with the members of `S` alone: the compiler refuses others where a type is written down, but not where it is
 * inferred, as queries are for the rows that they select.
 */
export type Exact<Q, S> = Q extends readonly (infer I)[]
  ? readonly Exact<I, ItemOf<S>>[]
  : Q extends AbortSignal
    ? Q
    : Q extends object
      ? { [K in keyof Q]: K extends KeysOf<S> ? Exact<Q[K], ValueOf<S, K>> : never }
      : Q;

/** A row as a query selects it. */
export type Selected<Rs, N, Q> = (Q extends { fields: readonly (infer K)[] }
  ? Pick<Target<Rs, N>, (K | 'id') & keyof Target<Rs, N>>
  : Target<Rs, N>) &
  (Q extends { expand: infer E extends object }
    ? { expand: { [K in keyof E & keyof Relations<Rs, N>]: Expanded<Rs, Relations<Rs, N>[K], E[K]> } }
    : unknown);
type Expanded<Rs, R, Q> = R extends { kind: 'one' }
  ? Selected<Rs, TargetOf<R>, Q> | null
  : Selected<Rs, TargetOf<R>, Q>[];

/** A list to ask for. */
export interface ListQuery<Row, Rs = unknown, N = never> extends Selection<Rs, N> {
  /** Conditions on the rows (default: all rows). */
  filter?: Filter<Row, Rs, N>;
  /** Words of the resource's `search`, the best rows first; without one, a part of the fields declared with `search: true`. */
  search?: string;
  /** Sort keys, `-` for descending (default: the resource's `order`). */
  sort?: readonly SortKey<Row, Rs, N>[];
  /** Maximum rows of a page: 1 to 200 (default: 50). */
  limit?: number;
  /** `next` or `prev` of a page with the same filter and sort. */
  cursor?: string;
  /** A numbered page, from 1. Without `cursor`. */
  page?: number;
  /** Also count the rows of the filter: `total`. */
  count?: 'exact' | 'estimated';
  /** Only the rows that were deleted, of a resource with `softDelete`, for whoever may bring them back. */
  deleted?: boolean;
}

/** All rows of a list. */
export type WholeQuery<Row, Rs = unknown, N = never> = Omit<ListQuery<Row, Rs, N>, 'cursor' | 'page'>;

/** A list that keeps itself up to date; its rows are without those that they refer to. */
export type LiveQuery<Row, Rs = unknown, N = never> = Pick<
  ListQuery<Row, Rs, N>,
  'filter' | 'sort' | 'limit' | 'fields'
>;

/** Rows that are written together: those of a filter, if they are not more than `max` (1,000 at most). */
export interface ManyQuery<Row, Rs = unknown, N = never>
  extends Pick<ListQuery<Row, Rs, N>, 'filter' | 'search'> {
  /** Maximum rows that may match, 1,000 at most: more is `invalid_query`. */
  max: number;
}

/** Numbers to make of the rows of a list. */
export interface AggregateQuery<Row, Rs = unknown, N = never>
  extends Pick<ListQuery<Row, Rs, N>, 'filter' | 'search' | 'limit'> {
  /** One row of the answer for each of the values of these fields, three at most (default: one for all). */
  group?: readonly (keyof Row & string)[];
  /** The number of rows (default: where nothing else is asked). */
  count?: boolean;
  /** Fields to add up (default: none). */
  sum?: readonly (keyof Row & string)[];
  /** Fields to take the average of (default: none). */
  avg?: readonly (keyof Row & string)[];
  /** Fields to take the least value of (default: none). */
  min?: readonly (keyof Row & string)[];
  /** Fields to take the greatest value of (default: none). */
  max?: readonly (keyof Row & string)[];
}

/** Numbers of one group, by field. */
export interface Aggregates<Row> {
  /** The values that the rows of the group share. */
  group?: Partial<Row>;
  /** The number of rows. */
  count?: number;
  /** Sums; of `decimal()` fields as texts. */
  sum?: { [K in keyof Row]?: number | string };
  /** Averages; null where no row has a value. */
  avg?: { [K in keyof Row]?: number | null };
  /** Least values. */
  min?: Partial<Row>;
  /** Greatest values. */
  max?: Partial<Row>;
}

/** One part of a list. */
export interface Page<Row> {
  /** The rows. */
  items: Row[];
  /** The cursor of the next part; null at the end. */
  next: string | null;
  /** The cursor of the part before; null at the start. */
  prev: string | null;
  /** The number of all rows of the filter, where it was asked for. */
  total?: number;
}

/**
 * A query as the URL of a list has it, for addresses that a browser asks for by itself: `` or `?…`.
 *
 * @example
 * const link = `/v1/projects${queryString({ filter: { active: { eq: true } }, sort: ['title'] })}`;
 */
export function queryString(query: object): string {
  const { filter, expand, ...plain } = query as { filter?: object; expand?: Record<string, unknown> };
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(plain))
    if (value !== undefined && !(Array.isArray(value) && value.length === 0))
      parameters.set(name, String(value));
  addConditions(parameters, 'filter', filter);
  const paths = expand ? addExpansions(parameters, expand, '') : [];
  if (paths.length > 0) parameters.set('expand', paths.join());
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

/** Adds the options of relations, and answers the paths of these. */
function addExpansions(
  to: URLSearchParams,
  expand: Readonly<Record<string, unknown>>,
  before: string,
): string[] {
  return Object.entries(expand).flatMap(([name, given]) => {
    if (given === undefined) return [];
    const path = before + name;
    const {
      filter,
      expand: inner,
      ...options
    } = Object(given) as { filter?: object; expand?: Record<string, unknown> };
    for (const [option, value] of Object.entries(options))
      if (value !== undefined) to.set(`expand[${path}][${option}]`, String(value));
    addConditions(to, `expand[${path}][filter]`, filter);
    return [path, ...addExpansions(to, inner ?? {}, `${path}.`)];
  });
}

/** Conditions, which are nested as far as references are followed. */
function addConditions(to: URLSearchParams, prefix: string, conditions: object | undefined): void {
  for (const [name, value] of Object.entries(conditions ?? {})) {
    const isInner = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (name === 'or') to.set(`${prefix}[or]`, JSON.stringify(value));
    else if (isInner) addConditions(to, `${prefix}[${name}]`, value);
    else addCondition(to, prefix, name, value);
  }
}

function addCondition(to: URLSearchParams, prefix: string, operator: string, value: unknown): void {
  if (value === undefined) return;
  // The word null may be a string of the field's own.
  if (value === null) to.set(`${prefix}[null]`, String(operator === 'eq'));
  else to.set(`${prefix}[${operator}]`, Array.isArray(value) ? value.map(escaped).join(',') : String(value));
}

/** An item of a list that commas part. */
function escaped(item: unknown): string {
  return String(item).replace(/[\\,]/g, '\\$&');
}
