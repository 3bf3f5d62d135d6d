import type { Context } from '../caller.ts';
import type { Field } from '../field.ts';
import type { RowId } from '../id.ts';
import type { FieldsOf, IdOf, RelationsOf, RowOf } from '../row-types.ts';
import type { Expansion, Filter, ListConditions, Page } from './list-query.ts';
import type { Versioned } from './row-service.ts';

/**
 * The filter of a resource's lists: conditions by field, and on the rows that its references lead to by their names.
 *
 * @example
 * const filter: FilterOf<typeof resources.loans, typeof resources> = { book: { title: { starts: 'A' } } };
 */
export type FilterOf<R, Rs> = Filter<RowOf<R, Rs>, FarFilters<R, Rs>>;
/** Filters of the rows that references lead to, by the names of those. */
export type FarFilters<R, Rs> = { [K in keyof FieldsOf<R>]: FarFilter<FieldsOf<R>[K], Rs> };
type FarFilter<F, Rs> =
  F extends Field<infer T>
    ? T extends { target: infer N }
      ? T extends { of: unknown } | { list: true }
        ? never
        : N extends keyof Rs
          ? FilterOf<Rs[N], Rs>
          : Filter
      : T extends { author: true }
        ? Filter
        : never
    : never;

/** The part of the rows of a resource that is read, and the rows that are read with them, by their names. */
interface SelectionOf<R, Rs> {
  /** These fields alone, and the id (default: all). */
  readonly fields?: readonly (keyof RowOf<R, Rs> & string)[];
  /** Related rows, under `expand` of each row (default: none). Rows that the caller may not read are left out. */
  readonly expand?: {
    readonly [K in keyof RelationsOf<R>]?: true | ExpansionOf<Rs, RelationsOf<R>[K]>;
  };
}

/** Which rows of a relation, and what of them: typed where its resource is known. */
type ExpansionOf<Rs, Relation> = Relation extends { target: infer N }
  ? N extends keyof Rs
    ? Omit<Expansion, 'fields' | 'expand' | 'filter'> & {
        readonly filter?: FilterOf<Rs[N], Rs>;
      } & SelectionOf<Rs[N], Rs>
    : Expansion
  : never;

/** A list of a resource, with the selection of its rows. */
interface ListQueryOf<R, Rs> extends ListConditions<RowOf<R, Rs>, FarFilters<R, Rs>>, SelectionOf<R, Rs> {}

/** A row as a query selects it. */
type SelectedRow<R, Rs, Q> = (Q extends { fields: readonly (infer K)[] }
  ? Pick<RowOf<R, Rs>, (K | 'id') & keyof RowOf<R, Rs>>
  : RowOf<R, Rs>) &
  (Q extends { expand: infer E extends object }
    ? { expand: { [K in keyof E & keyof RelationsOf<R>]: Expanded<Rs, RelationsOf<R>[K], E[K]> } }
    : unknown);

type Expanded<Rs, Relation, Q> = Relation extends { kind: 'one'; target: infer N }
  ? Related<Rs, N, Q> | null
  : Relation extends { target: infer N }
    ? Related<Rs, N, Q>[]
    : never;

type Related<Rs, N, Q> = N extends keyof Rs
  ? SelectedRow<Rs[N], Rs, Q>
  : Readonly<Record<string, unknown>> & { id: RowId };

/** The reads of a service that take a selection: what they answer follows from it. */
export interface SelectingReads<R, Rs> {
  /** One row; where the resource counts reads, this counts one, and the answer shows it. */
  read<const Q extends SelectionOf<R, Rs> = Record<never, never>>(
    context: Context,
    id: IdOf<R>,
    selection?: Q,
  ): Promise<Versioned<SelectedRow<R, Rs, Q>>>;
  /** One row as it is, without counting; for HEAD and for an app's own checks. */
  peek<const Q extends SelectionOf<R, Rs> = Record<never, never>>(
    context: Context,
    id: IdOf<R>,
    selection?: Q,
  ): Promise<Versioned<SelectedRow<R, Rs, Q>>>;
  /**
   * One page. A query that is frozen is worked out once, however often it is asked with other cursors.
   *
   * @param cursor of the page (default: the query's).
   */
  list<const Q extends ListQueryOf<R, Rs> = Record<never, never>>(
    context: Context,
    query?: Q,
    cursor?: string,
  ): Promise<Page<SelectedRow<R, Rs, Q>>>;
}
