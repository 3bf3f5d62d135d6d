import { sql } from '../database/sql.ts';
import { bind, param, statement } from '../database/statement.ts';
import type { Store } from '../database/store.ts';
import type { Context } from '../schema/context.ts';
import type { RowId } from '../schema/id.ts';
import type { Model, Row } from './model.ts';
import { callerValues } from './policy.ts';
import { readerOf } from './transaction.ts';

/** Rows by id in one query; missing ones and ones the caller may not read are left out alike. */
export function manyReader(model: Model, store: Store) {
  const within = model.dialect.within(sql.ref('id'), sql`${param('ids')}`, model.idKind);
  const select = model.policy.perClass('read', (where, fields) => ({
    fields,
    statement: statement(
      model.dialect,
      sql`select ${fields.columns} from ${model.table} where ${within} ${where ? sql`and ${where}` : sql``}`,
    ),
  }));
  return async (context: Context, ids: readonly RowId[]): Promise<Map<RowId, Row>> => {
    const { caller } = context;
    model.policy.admit(caller, 'read');
    const rows = new Map<RowId, Row>();
    if (ids.length === 0) return rows;
    const { fields, statement: query } = select(caller);
    const values = { ids: model.dialect.encodeList([...new Set(ids)]), ...callerValues(caller) };
    for (const found of await readerOf(store, context).all(query, bind(query, values))) {
      const row = fields.decode(found);
      rows.set(row.id, row);
    }
    return rows;
  };
}
