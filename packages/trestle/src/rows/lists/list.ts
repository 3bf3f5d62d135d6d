import { sql } from '../../database/sql.ts';
import type { Columns, Executor, Store } from '../../database/store.ts';
import type { Caller } from '../../schema/caller.ts';
import type { Context } from '../../schema/context.ts';
import type { ListQuery, Page } from '../../schema/services/list-query.ts';
import type { Model, Row } from '../model.ts';
import { readerOf } from '../transaction.ts';
import type { Cursors, Position } from './cursor.ts';
import { ListPlans } from './list-plan.ts';
import { type SortColumn, sortValue } from './order.ts';
import { Shapes } from './query-shapes.ts';
import { type Selection, whereClause } from './selection.ts';

/** `count=estimated` stops counting here. */
const MOST_COUNTED = 10_000;

/** The verb `list`: one page by cursor or offset; one query, and a second where a count is asked for. */
export function lister(model: Model, store: Store, cursors: Cursors) {
  const prepared = model.policy.perClass(['read'], () => {
    const shapes = new Shapes(model);
    return { shapes, plans: new ListPlans(model, shapes, cursors) };
  });
  return async (context: Context, query: ListQuery = {}): Promise<Page<Row>> => {
    const { caller } = context;
    const reader = readerOf(store, context);
    model.policy.admit(caller, 'read');
    const { shapes, plans } = prepared(caller);
    const plan = plans.of(caller, query);
    const { selection, sort, key, position, limit, ways } = plan;
    const total = query.count && (await countRows(shapes, reader, { caller, selection, how: query.count }));
    const way = (plan.exhausted && ways.scan) || ways.walk;
    const found = await reader.all(way.statement, way.values);
    const more = found.length > limit;
    plan.exhausted = !more;
    if (more) found.pop();
    if (position?.before) found.reverse();
    const at = (row: Columns | undefined, before: boolean) =>
      row && cursors.encode(key, positionOf(row, sort, before));
    const { next, prev } = neighbours(position, more);
    const page = {
      items: found.map(model.decode),
      next: (next && at(found.at(-1), false)) || null,
      prev: (prev && at(found[0], true)) || null,
    };
    return total === undefined ? page : { ...page, total };
  };
}

/** Whether there is more on either side: where a page was reached from is always one. */
function neighbours(position: Position | undefined, more: boolean): { next: boolean; prev: boolean } {
  return position?.before ? { next: true, prev: more } : { next: more, prev: position !== undefined };
}

/** A row's place in the order. */
function positionOf(row: Columns, sort: readonly SortColumn[], before: boolean): Position {
  return { before, values: sort.map((column) => sortValue(column, row)) };
}

async function countRows(
  shapes: Shapes,
  reader: Executor,
  asked: { caller: Caller; selection: Selection; how: 'exact' | 'estimated' },
) {
  const { caller, how } = asked;
  const { parts, conditions } = asked.selection;
  const shaped = shapes.get(`count ${how} ${parts.shape}`, (model) => {
    const where = whereClause(conditions);
    if (how === 'exact') return sql`select count(*) as total from ${model.table} ${where}`;
    const some = sql`select 1 as one from ${model.table} ${where} limit ${sql.raw(String(MOST_COUNTED))}`;
    return sql`select count(*) as total from (${some}) as counted`;
  });
  const [row] = await reader.all(shaped.statement, shaped.bind(parts.values, caller));
  return Number(row?.total);
}
