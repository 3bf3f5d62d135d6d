import type { Columns, Store } from '../../database/store.ts';
import type { Context } from '../../schema/caller.ts';
import type { ListQuery, Page } from '../../schema/services/list-query.ts';
import type { Model, Row } from '../model.ts';
import { readerOf } from '../transaction.ts';
import type { Cursors } from './cursor.ts';
import { type BoundStatement, ListPlans } from './list-plan.ts';
import { sortValue } from './order.ts';

/** Rows a part of a stream has: enough to make a write worth it, few enough to leave the event loop free. */
const PART_SIZE = 200;

/** The verbs `list` and `stream` of a resource. */
export function listVerbs(model: Model, store: Store, cursors: Cursors) {
  const prepared = model.policy.perClass(['read'], (where, fields) => ({
    plans: new ListPlans(model, where, fields),
    fields,
  }));
  return {
    /** One page by cursor or offset; one query, and a second where a count is asked for. */
    async list(context: Context, query: ListQuery = {}, cursor = query.cursor): Promise<Page<Row>> {
      const { caller } = context;
      const reader = readerOf(store, context);
      model.policy.admit(caller, 'read');
      const { plans, fields } = prepared(caller);
      const plan = plans.of(caller, query);
      const position = cursor === undefined ? undefined : cursors.decode(plan.key, cursor);
      const counting = query.count && plans.count(plan, caller, query.count);
      const read = ({ statement, values, cost }: BoundStatement) =>
        cost && !context.transaction ? store.scan(statement, values, cost) : reader.all(statement, values);
      const [counted] = counting ? await read(counting) : [];
      const found = await read(plans.page(plan, caller, position));
      const more = found.length > plan.limit;
      plan.exhausted = !more;
      if (more) found.pop();
      if (position?.before) found.reverse();
      const cursorAt = (row: Columns | undefined, before: boolean) =>
        row
          ? cursors.encode(plan.key, { before, values: plan.sort.map((column) => sortValue(column, row)) })
          : null;
      // Where a page was reached from, there always is one.
      const page = {
        items: found.map(fields.decode),
        next: more || position?.before ? cursorAt(found.at(-1), false) : null,
        prev: (position?.before ? more : position) ? cursorAt(found[0], true) : null,
      };
      return counted ? { ...page, total: Number(counted.total) } : page;
    },

    /** All rows of a query in parts, from one snapshot, whatever their number. */
    async *stream(context: Context, query: ListQuery = {}): AsyncGenerator<Row[]> {
      const { caller } = context;
      model.policy.admit(caller, 'read');
      const { plans, fields } = prepared(caller);
      const { statement, values } = plans.all(plans.of(caller, query), caller);
      if (!context.transaction) {
        for await (const part of store.stream(statement, values, PART_SIZE)) yield part.map(fields.decode);
        return;
      }
      // A stream has a snapshot of its own, which does not see what this transaction has written.
      const rows = await readerOf(store, context).all(statement, values);
      for (let from = 0; from < rows.length; from += PART_SIZE)
        yield rows.slice(from, from + PART_SIZE).map(fields.decode);
    },
  };
}
