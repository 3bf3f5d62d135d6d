import { type Sql, sql } from '../../database/sql.ts';
import { bind, param, type Statement, statement } from '../../database/statement.ts';
import type { Store } from '../../database/store.ts';
import { accountOf } from '../../schema/caller.ts';
import type { Context } from '../../schema/context.ts';
import type { RowId } from '../../schema/id.ts';
import type { ChildQuery } from '../../schema/services/list-query.ts';
import type { Model, Row } from '../model.ts';
import { decide, ownerField, refuse, requireScope } from '../policy.ts';
import { readerOf } from '../transaction.ts';
import { orderBy, sortColumns } from './order.ts';

/** The first rows of each of many parents in the resource's order, in one query however many parents there are. */
export function childReader(model: Model, store: Store) {
  const statements = new Map<string, Statement>();
  return async (
    context: Context,
    field: string,
    parents: readonly RowId[],
    { limit, offset = 0 }: ChildQuery,
  ): Promise<Map<RowId, Row[]>> => {
    const { caller } = context;
    refuse(decide(model.resource.can.read, caller));
    requireScope(caller, model.name, 'read');
    const owner = ownerField(model.resource.can.read, caller);
    const byParent = new Map<RowId, Row[]>(parents.map((parent) => [parent, []]));
    const key = `${field} ${owner ?? ''}`;
    const select = statements.get(key) ?? childStatement(model, field, owner);
    statements.set(key, select);
    const encoded = model.dialect.encodeList([...parents]);
    const values = { parents: encoded, limit, offset, account: accountOf(caller) };
    for (const found of await readerOf(store, context).all(select, bind(select, values))) {
      const row = model.decode(found);
      byParent.get(row[field] as RowId)?.push(row);
    }
    return byParent;
  };
}

function childStatement(model: Model, field: string, owner: string | undefined): Statement {
  const reference = model.byName.get(field);
  if (!reference?.type.reference)
    throw new TypeError(`${model.name}.${field} is no reference(), so there are no children by it`);
  const sort = sortColumns(model, undefined);
  const own: Sql = owner ? sql`and ${sql.ref(owner)} = ${param('account')}` : sql``;
  // Each parent walks its own part of the (parent, order, id) index and stops after `limit` rows.
  const ids = sql`select ${sql.ref('id')} from ${model.table}
    where ${sql.ref(field)} = ${sql.ref('parent.value')} ${own} order by ${orderBy(sort, false)} limit ${param('limit')} offset ${param('offset')}`;
  const parents = sql`${model.dialect.listed(sql`${param('parents')}`, reference.kind)} as ${sql.id('parent')}`;
  return statement(
    model.dialect,
    sql`select ${columnsOf(model, 'child')} from ${parents}
      join ${model.table} as ${sql.id('child')} on ${sql.ref('child.id')} in (${ids}) order by ${orderBy(sort, false, (name) => sql.ref(`child.${name}`))}`,
  );
}

function columnsOf(model: Model, alias: string): Sql {
  const names = ['id', ...model.fields.map(({ name }) => name)];
  return sql.join(names.map((name) => sql.ref(`${alias}.${name}`)));
}
