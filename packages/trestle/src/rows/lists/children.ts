import type { Columns, Store } from '../../database/store.ts';
import type { Caller, Context } from '../../schema/caller.ts';
import type { RowId } from '../../schema/id.ts';
import type { ChildQuery } from '../../schema/services/list-query.ts';
import { inTurns } from '../../turns.ts';
import type { Row } from '../model.ts';
import { runner } from './bound-statement.ts';
import type { ClassLists } from './list-plan.ts';

/** The first rows of each of many parents in the resource's order, in one query however many parents there are. */
export function childReader(listsOf: (caller: Caller) => ClassLists, store: Store) {
  return async (
    context: Context,
    field: string,
    parents: readonly RowId[],
    query: ChildQuery,
  ): Promise<Map<RowId, Row[]>> => {
    const { caller } = context;
    const { model, plans } = listsOf(caller);
    model.policy.admit(caller, 'read');
    const plan = plans.of(caller, query);
    const children = plans.related.bind({ plan, ids: parents, by: field }, caller);
    const byParent = new Map<RowId, Row[]>(parents.map((parent) => [parent, []]));
    const rows = await runner(store, context)(children);
    const decode = (part: readonly Columns[]) => {
      for (const found of part) {
        const row = plan.fields.decode(found);
        byParent.get(row[field] as RowId)?.push(row);
      }
    };
    await inTurns(rows, decode, context.transaction !== undefined);
    return byParent;
  };
}
