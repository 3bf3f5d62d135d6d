/** Every operator of a filter, and what it compares with: one value, a list, a pair, true/false (`null`), an item of an array. */
export const OPERATORS = {
  eq: 'value',
  ne: 'value',
  gt: 'value',
  gte: 'value',
  lt: 'value',
  lte: 'value',
  in: 'list',
  nin: 'list',
  null: 'flag',
  contains: 'text',
  icontains: 'text',
  starts: 'text',
  ends: 'text',
  between: 'pair',
  has: 'member',
} as const;

export type Operator = keyof typeof OPERATORS;

/** The conditions on one field, all of which must hold. A null value equals null. */
export interface Condition<V = unknown> {
  /** Equal to it; null is a value. */
  eq?: V;
  /** Not equal to it. */
  ne?: V;
  /** Greater. */
  gt?: V;
  /** Greater or equal. */
  gte?: V;
  /** Less. */
  lt?: V;
  /** Less or equal. */
  lte?: V;
  /** One of these. */
  in?: readonly V[];
  /** None of these. */
  nin?: readonly V[];
  /** True: null; false: not null. */
  null?: boolean;
  /** A text that contains this one, in this case. */
  contains?: string;
  /** A text that contains this one, in any case. */
  icontains?: string;
  /** A text that begins with this one. */
  starts?: string;
  /** A text that ends with this one. */
  ends?: string;
  /** From the first to the second, both included. */
  between?: readonly [V, V];
  /** One of the ids of `references()`. */
  has?: V extends readonly (infer Id)[] ? Id : never;
}

/** No filters behind references. */
type NoFar = Record<never, never>;

/**
 * Conditions by field; all must hold, and where there is `or`, one of its filters too. A reference takes a filter of the row that it
 * leads to instead.
 *
 * @typeParam Far the filters behind references, by their names (default: none).
 * @example
 * const filter: Filter<Note> = { title: { starts: 'A' }, or: [{ rank: { gte: 3 } }, { rank: { null: true } }] };
 */
export type Filter<Row extends object = Record<string, unknown>, Far extends object = NoFar> = {
  [K in keyof Row]?: Condition<Row[K]> | Far[K & keyof Far];
} & {
  /** One of these must hold as well (default: no alternatives). */
  or?: readonly Filter<Row, Far>[];
};

/** Related rows to be read beside others, by the name of the relation: a reference, or a `many()` field. */
export interface ExpandQuery {
  readonly [relation: string]: true | Expansion;
}

/** Which related rows, and what of them. Filter, sort and limit are for relations to many. */
export interface Expansion {
  /** These fields alone, and the id (default: all). */
  readonly fields?: readonly string[];
  /** Rows that are related to these (default: none). */
  readonly expand?: ExpandQuery;
  /** Which of them (default: all). */
  readonly filter?: Filter;
  /** Their order (default: their resource's `order`). */
  readonly sort?: readonly string[];
  /** Maximum rows of each row (default: 10). */
  readonly limit?: number;
}

/** The part of a row that is read, and the rows that are read with it. */
export interface Selection {
  /** These fields alone, and the id (default: all). */
  readonly fields?: readonly string[];
  /** Related rows, under `expand` of each row (default: none). Rows that the caller may not read are left out. */
  readonly expand?: ExpandQuery;
}

/** The query of a list. */
export interface ListQuery<Row extends object = Record<string, unknown>, Far extends object = NoFar>
  extends Selection,
    ListConditions<Row, Far> {}

/** Which rows a list has, and in what order. */
export interface ListConditions<Row extends object, Far extends object = NoFar> {
  /** Conditions on the rows (default: all rows). */
  filter?: Filter<Row, Far>;
  /**
   * Rows with all these words in the fields of the resource's `search`, the best first unless `sort` is given; of a resource
   * without one, rows where a field with `search: true` holds this text, in any case.
   */
  search?: string;
  /** Sort keys, `-` for descending (default: the resource's `order`). */
  sort?: readonly string[];
  /** Maximum rows (default: 50). */
  limit?: number;
  /** Rows to skip; costs what it skips, so the uniform API offers cursors instead (default: 0). */
  offset?: number;
  /** Continue where `next` or `prev` of an earlier page pointed. */
  cursor?: string;
  /** Only the rows that were deleted softly, for who may bring them back (default: false, those that are there). */
  deleted?: boolean;
  /** Also count all rows of the filter (default: no count). */
  count?: 'exact' | 'estimated';
  /** Refuses lists of more than 100 values in the filter, for one that a client wrote (default: false, no limit). */
  shortLists?: boolean;
}

/** Numbers that can be made of a field of many rows. */
export const AGGREGATES = ['sum', 'avg', 'min', 'max'] as const;
export type Aggregate = (typeof AGGREGATES)[number];

/** Numbers made of the rows of a list. */
export interface AggregateQuery<Row extends object = Record<string, unknown>, Far extends object = NoFar>
  extends Pick<ListQuery<Row, Far>, 'filter' | 'search' | 'shortLists'>,
    Partial<Readonly<Record<Aggregate, readonly (keyof Row & string)[]>>> {
  /** One row of the answer for each of the values of these fields, three at most (default: one for all). */
  readonly group?: readonly (keyof Row & string)[];
  /** The number of rows (default: where nothing else is asked). */
  readonly count?: boolean;
  /** Maximum groups, in the order of their values (default: 100). */
  readonly limit?: number;
}

/** Numbers of one group, by field; null where no row has a value. */
export interface AggregateRow extends Partial<Record<Aggregate | 'group', Record<string, unknown>>> {
  /** The number of rows. */
  count?: number;
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

/** Which children of each parent: newest first where the resource's `order` says so. */
export interface ChildQuery {
  /** Maximum children of each parent. */
  limit: number;
  /** Children of each parent to skip (default: 0). */
  offset?: number;
}
