import { sql } from '../../database/sql.ts';
import type { Store } from '../../database/store.ts';
import type { Context } from '../../schema/context.ts';
import type { ListQuery } from '../../schema/services/list-query.ts';
import type { Model, Row } from '../model.ts';
import { readerOf } from '../transaction.ts';
import { Slot } from './filter-sql.ts';
import { orderBy, sortColumns } from './order.ts';
import { Shapes } from './query-shapes.ts';
import { selectRows, whereClause } from './selection.ts';

/** Rows a part has: enough to make a write worth it, few enough to leave the event loop free. */
const PART = 200;

/** All rows of a query in parts, from one snapshot, whatever their number. */
export function streamer(model: Model, store: Store) {
  const prepared = model.policy.perClass(['read'], () => new Shapes(model));
  return async function* stream(context: Context, query: ListQuery = {}): AsyncGenerator<Row[]> {
    const { caller } = context;
    model.policy.admit(caller, 'read');
    const { parts, conditions } = selectRows(model, caller, query);
    const sort = sortColumns(model, query.sort);
    const key = `${parts.shape} ${sort.map(({ field, descending }) => `${field.name} ${descending}`).join()}`;
    const values = [...parts.values, query.limit ?? Number.MAX_SAFE_INTEGER, query.offset ?? 0];
    const limit = sql`limit ${new Slot(parts.values.length)} offset ${new Slot(parts.values.length + 1)}`;
    const shaped = prepared(caller).get(
      key,
      () =>
        sql`select ${model.columns} from ${model.table} ${whereClause(conditions)} order by ${orderBy(sort, false)} ${limit}`,
    );
    const bound = shaped.bind(values, caller);
    if (context.transaction) {
      // A stream has a snapshot of its own, which does not see what this transaction has written.
      const rows = await readerOf(store, context).all(shaped.statement, bound);
      for (let from = 0; from < rows.length; from += PART)
        yield rows.slice(from, from + PART).map(model.decode);
      return;
    }
    for await (const part of store.stream(shaped.statement, bound, PART)) yield part.map(model.decode);
  };
}
