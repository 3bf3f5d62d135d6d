import { sql } from '../database/sql.ts';
import { bind, param, statement } from '../database/statement.ts';
import type { Executor, Store } from '../database/store.ts';
import type { Context } from '../schema/context.ts';
import type { RowId } from '../schema/id.ts';
import type { Versioned } from '../schema/services/row-service.ts';
import { finder, notFound, requireId } from './find.ts';
import type { Model, Row } from './model.ts';
import { callerValues } from './policy.ts';
import { inTransaction, readerOf } from './transaction.ts';

type ReadOne = (context: Context, id: RowId) => Promise<Versioned<Row>>;

/** The verb `read` without counting. */
export function peeker(model: Model, store: Store): ReadOne {
  const find = finder(model, 'read');
  return async (context, id) => {
    model.policy.admit(context.caller, 'read');
    requireId(model, id);
    return find(readerOf(store, context), context.caller, id);
  };
}

/**
 * The verb `read` where a counter counts reads: one UPDATE adds one and answers the row, so that no count is lost
 * between processes. Neither the version nor `updatedAt` moves. A caller who may not read the row counts nothing.
 */
export function countingReader(model: Model, store: Store): ReadOne {
  const counters = countingFields(model).map((name) => sql`${sql.ref(name)} = ${sql.ref(name)} + 1`);
  const count = model.policy.perClass('read', (where, fields) => ({
    fields,
    statement: statement(
      model.dialect,
      sql`update ${model.table} set ${sql.join(counters)}
        where ${sql.ref('id')} = ${param('id')} ${where ? sql`and ${where}` : sql``}
        returning ${fields.versionedColumns}`,
    ),
  }));
  return async (context, id) => {
    const { caller } = context;
    model.policy.admit(caller, 'read');
    requireId(model, id);
    const { fields, statement: update } = count(caller);
    const values = bind(update, { id, ...callerValues(caller) });
    const write = async (executor: Executor) => executor.all(update, values);
    const [counted] = await inTransaction(store, context, write, { single: true });
    if (!counted) throw notFound(model, id);
    return fields.decodeVersioned(counted);
  };
}

export function countingFields(model: Model): string[] {
  return model.fields.filter(({ type }) => type.countsReads).map(({ name }) => name);
}
