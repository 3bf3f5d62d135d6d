import { sql } from '../database/sql.ts';
import { param, statement } from '../database/statement.ts';
import type { Store } from '../database/store.ts';
import type { Context } from '../schema/context.ts';
import type { RowId } from '../schema/id.ts';
import type { Model, Row } from './model.ts';
import { decide, refuse, requireScope } from './policy.ts';
import { readerOf } from './transaction.ts';

/** Rows by id in one query; missing ones and ones the caller may not read are left out alike. */
export function manyReader(model: Model, store: Store) {
  const within = model.dialect.within(sql.ref('id'), sql`${param('ids')}`, model.idKind);
  const select = statement(model.dialect, sql`select ${model.columns} from ${model.table} where ${within}`);
  return async (context: Context, ids: readonly RowId[]): Promise<Map<RowId, Row>> => {
    const { caller } = context;
    refuse(decide(model.resource.can.read, caller));
    requireScope(caller, model.name, 'read');
    const rows = new Map<RowId, Row>();
    if (ids.length === 0) return rows;
    for (const found of await readerOf(store, context).all(select, [
      model.dialect.encodeList([...new Set(ids)]),
    ])) {
      const row = model.decode(found);
      if (decide(model.resource.can.read, caller, row) === 'allow') rows.set(row.id, row);
    }
    return rows;
  };
}
