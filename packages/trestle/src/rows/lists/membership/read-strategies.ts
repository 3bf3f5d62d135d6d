import type { Columns, Value } from '../../../database/store.ts';
import { FifoMap } from '../../../fifo-map.ts';
import type { RowId } from '../../../schema/id.ts';
import type { Model } from '../../model.ts';
import type { BoundStatement } from '../bound-statement.ts';
import { sortValues } from '../list.ts';
import type { ListPlan } from '../list-plan.ts';
import { isEven, isUnusual, type SortColumn } from '../order.ts';
import { comparedOf } from './group-sql.ts';
import { FEW, type RuleGroups } from './rule-groups.ts';

/** Pages after which an ordered read that found too little is tried again. */
const RETRY_AFTER = 1_000;
/** How long an ordered read is bounded by its floor, in milliseconds: rows that others write since make it longer. */
const MAX_ORDERED_FLOOR_AGE_MS = 1_000;
const MAX_ACCOUNTS = 10_000;
/** Lists of an account. */
const MAX_LISTS = 20;

/** How a list of an account was read before. */
interface KnownList {
  /** Pages that are merged before an ordered read is tried again: more than 0 since one found too little. */
  merges: number;
  readonly floors: { ordered?: Floor | undefined; merged?: Floor };
}

/** Where the first page of a list ended when it was last read: as long as no row goes, the next one ends there or before. */
export interface Floor {
  /** The keys of the first row of the second page, those of `comparedOf`. */
  readonly keys: readonly Value[];
  /** Rows of the page. */
  readonly limit: number;
  /** The values of the list's conditions. */
  readonly values: readonly Value[];
  /** Whether the caller was a member of few groups. */
  readonly isOfFew: boolean;
  /** When it was last met, by `performance.now()`. */
  at: number;
}

type Strategy = keyof KnownList['floors'];

/** The statements of a strategy: for a whole page, and for the first page, down to a floor. */
interface Statements {
  whole(): BoundStatement;
  downTo(floor: Floor): BoundStatement;
}

/** A list of a caller. */
interface MemberList {
  readonly account: RowId | null;
  /** Whether it is the first page. */
  readonly isFirst: boolean;
  readonly plan: Pick<ListPlan, 'shape' | 'sort' | 'limit' | 'values'>;
}

/**
 * Chooses how a list under a membership rule is read: ordered, by the first rows of the index of its order, which finds a page where
 * the caller may read many of the rows, else merged, from the groups that they are a member of. Either is read down to where the page ended
 * the last time, and whole where that finds less than a page. On SQLite, of a million rows in 1,000 groups, a member of 3 waits
 * 150 µs for the merged read and 38 for the rows above a floor, of 30 180 and 50, of 300 570 and 200, and 47 for the ordered read; the list
 * without the rule takes 25. On PostgreSQL an ordered read looks up few groups at once: a member of 300 waits 1.4 times as long as for the
 * list without the rule, where it was 1.6. Under a rule with two memberships, of 200,000 rows, a member of 3 groups of each waits 103 µs above a
 * floor and 248 for the next page; an ordered read took 4,400, and 217,000 where the caller is a member of none.
 */
export class ReadStrategies {
  readonly #known = new FifoMap<RowId | null, FifoMap<string, KnownList>>(MAX_ACCOUNTS);

  /** The page of a list. Each statement is followed by the next where it finds less than a page. */
  page(list: MemberList, statements: Record<Strategy, Statements>): BoundStatement {
    const { account, plan } = list;
    const lists = this.#known.get(account) ?? new FifoMap<string, KnownList>(MAX_LISTS);
    let known = lists.get(plan.shape);
    if (!known) {
      known = { merges: 0, floors: {} };
      this.#known.set(account, lists.set(plan.shape, known));
    }
    if (known.merges > 1) {
      known.merges -= 1;
      return read('merged', { known, list, statements });
    }
    return read('ordered', { known, list, statements }, () => {
      known.merges = RETRY_AFTER;
      known.floors.ordered = undefined;
      return read('merged', { known, list, statements });
    });
  }
}

interface Choice {
  readonly known: KnownList;
  readonly list: MemberList;
  readonly statements: Record<Strategy, Statements>;
}

/** The page by one strategy: the first one down to its floor where it has one, else whole. */
function read(
  strategy: Strategy,
  { known: { floors }, list: { isFirst, plan }, statements }: Choice,
  whenShort?: () => BoundStatement,
): BoundStatement {
  const { sort, limit, values } = plan;
  const floor = isFirst ? floors[strategy] : undefined;
  const found = (rows: readonly Columns[]) => {
    const last = rows[limit];
    if (!last) return whenShort?.();
    if (isFirst)
      floors[strategy] = {
        keys: sortValues(comparedOf(sort), last),
        limit,
        values,
        isOfFew: last[FEW] === undefined ? (floor?.isOfFew ?? false) : last[FEW] === true,
        at: performance.now(),
      };
    return undefined;
  };
  const whole = () => ({ ...statements[strategy].whole(), otherwise: found });
  const holds =
    floor &&
    floor.limit >= limit &&
    values.every((value, at) => value === floor.values[at]) &&
    (strategy === 'merged' || performance.now() - floor.at < MAX_ORDERED_FLOOR_AGE_MS);
  if (!holds) return whole();
  return {
    ...statements[strategy].downTo(floor),
    otherwise: (rows) => (rows[limit] ? found(rows) : whole()),
  };
}

/** How the groups of a list are read: where these are merged in its order, and if so whether that is chosen page by page. */
export function readByGroups(
  { model, groups }: { readonly model: Model; readonly groups: RuleGroups | undefined },
  sort: readonly SortColumn[],
): 'always merged' | 'chosen' | undefined {
  if (!groups || !isMergeable(model, sort)) return undefined;
  return isEven(sort) ? 'chosen' : 'always merged';
}

/** Whether groups are merged in an order: it is the declared one, which the index of each ends in, and has whole values. */
function isMergeable({ resource }: Model, sort: readonly SortColumn[]): boolean {
  const { order } = resource;
  const names = order.map((key) => key.replace(/^-/, ''));
  const turned = sort[0]?.descending !== order[0]?.startsWith('-');
  return (
    order.length > 0 &&
    sort.length <= order.length + 1 &&
    names.every((name, at) => sort[at]?.field.name === name) &&
    order.every((key, at) => sort[at]?.descending === (key.startsWith('-') !== turned)) &&
    sort.every((column) => !isUnusual(column) && !column.field.value && column.length === undefined)
  );
}
