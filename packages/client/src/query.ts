/** A value without null. */
type Plain<V> = Exclude<V, null>;

/** Conditions on one field. Text operators are of strings alone; objects and arrays take no filter. */
export type Condition<V> = {
  eq?: V;
  ne?: V;
  gt?: Plain<V>;
  gte?: Plain<V>;
  lt?: Plain<V>;
  lte?: Plain<V>;
  in?: readonly Plain<V>[];
  nin?: readonly Plain<V>[];
  between?: readonly [Plain<V>, Plain<V>];
  null?: boolean;
} & (Plain<V> extends string
  ? { contains?: string; icontains?: string; starts?: string; ends?: string }
  : unknown);

type Comparable = string | number | boolean | null;
type ComparableNames<Row> = {
  [K in keyof Row & string]: Row[K] extends Comparable ? K : never;
}[keyof Row & string];

/** Conditions by field, all of which must hold, and alternatives of which one must. */
export type Filter<Row> = { [K in ComparableNames<Row>]?: Condition<Row[K]> } & {
  or?: readonly Filter<Row>[];
};

/** A field to sort by, `-` before it for descending. */
export type SortKey<Row> = ComparableNames<Row> | `-${ComparableNames<Row>}`;

/** A list to ask for. */
export interface ListQuery<Row> {
  filter?: Filter<Row>;
  /** A part of the fields declared with `search: true`, in any case. */
  search?: string;
  sort?: readonly SortKey<Row>[];
  /** Maximum rows of a page: 1 to 200 (default: 50). */
  limit?: number;
  /** `next` or `prev` of a page with the same filter and sort. */
  cursor?: string;
  /** A numbered page, from 1. Without `cursor`. */
  page?: number;
  /** Also count the rows of the filter: `total`. */
  count?: 'exact' | 'estimated';
}

/** One part of a list. */
export interface Page<Row> {
  items: Row[];
  /** The cursor of the next part; null at the end. */
  next: string | null;
  prev: string | null;
  total?: number;
}

/** A query as the URL has it: `` or `?…`. */
export function queryString<Row>(query: ListQuery<Row>): string {
  const { filter, sort, ...plain } = query;
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(plain))
    if (value !== undefined) parameters.set(name, String(value));
  if (sort && sort.length > 0) parameters.set('sort', sort.join(','));
  for (const [field, conditions] of Object.entries(filter ?? {})) {
    if (conditions === undefined) continue;
    if (field === 'or') parameters.set('filter[or]', JSON.stringify(conditions));
    else
      for (const [operator, value] of Object.entries(conditions))
        addCondition(parameters, field, operator, value);
  }
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

function addCondition(to: URLSearchParams, field: string, operator: string, value: unknown): void {
  if (value === undefined) return;
  // The word null may be a string of the field's own.
  if (value === null) to.set(`filter[${field}][null]`, String(operator === 'eq'));
  else
    to.set(
      `filter[${field}][${operator}]`,
      Array.isArray(value) ? value.map(escaped).join(',') : String(value),
    );
}

/** An item of a list that commas part. */
function escaped(item: unknown): string {
  return String(item).replace(/[\\,]/g, '\\$&');
}
