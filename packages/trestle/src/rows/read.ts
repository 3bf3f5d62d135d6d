import { sql } from '../database/sql.ts';
import { param, statement } from '../database/statement.ts';
import type { Executor, Store } from '../database/store.ts';
import type { Caller } from '../schema/caller.ts';
import type { Context } from '../schema/context.ts';
import type { RowId } from '../schema/id.ts';
import type { Versioned } from '../schema/services/row-service.ts';
import { byId, readable, refuseBlind, requireId } from './find.ts';
import type { Model, Row } from './model.ts';
import { ownerField, requireScope } from './policy.ts';
import { inTransaction, readerOf } from './transaction.ts';

type ReadOne = (context: Context, id: RowId) => Promise<Versioned<Row>>;

/** The verb `read` without counting. */
export function peeker(model: Model, store: Store): ReadOne {
  const select = byId(model);
  return async (context, id) => {
    const { caller } = context;
    admit(model, caller, id);
    const [found] = await readerOf(store, context).all(select, [id]);
    return model.decodeVersioned(readable(model, caller, id, found));
  };
}

/**
 * The verb `read` where a counter counts reads: one UPDATE adds one and answers the row, so that no count is lost
 * between processes. Neither the version nor `updatedAt` moves. A caller who may not read the row counts nothing.
 */
export function countingReader(model: Model, store: Store): ReadOne {
  const counters = countingFields(model).map((name) => sql`${sql.ref(name)} = ${sql.ref(name)} + 1`);
  const count = statement(
    model.dialect,
    sql`update ${model.table} set ${sql.join(counters)} where ${sql.ref('id')} = ${param('id')}
      returning ${model.versionedColumns}`,
  );
  return async (context, id) => {
    const { caller } = context;
    admit(model, caller, id);
    const single = ownerField(model.resource.can.read, caller) === undefined;
    const write = async (transaction: Executor): Promise<Versioned<Row>> => {
      const [counted] = await transaction.all(count, [id]);
      return model.decodeVersioned(readable(model, caller, id, counted));
    };
    return inTransaction(store, context, write, { single });
  };
}

export function countingFields(model: Model): string[] {
  return model.fields.filter(({ type }) => type.countsReads).map(({ name }) => name);
}

function admit(model: Model, caller: Caller, id: RowId): void {
  refuseBlind(model, caller);
  requireScope(caller, model.name, 'read');
  requireId(model, id);
}
