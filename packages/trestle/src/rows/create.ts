import type { Executor, Store } from '../database/store.ts';
import type { Context } from '../schema/context.ts';
import type { Versioned } from '../schema/services/row-service.ts';
import { checkedBody, requireAtLeastOne } from './body.ts';
import { inserter, newRow } from './insert.ts';
import type { Model, Row } from './model.ts';
import { type CheckReferences, refers } from './references.ts';
import { inTransaction } from './transaction.ts';

/** The verb `create`: rules, then the body, then references and the insert in one transaction. */
export function creator(model: Model, store: Store, checkReferences: CheckReferences) {
  const insert = inserter(model);
  const single = !refers(model, [...model.byName.keys()]);
  return async (context: Context, body: unknown): Promise<Versioned<Row>> => {
    const { caller } = context;
    model.policy.admit(caller, 'create');
    const values = checkedBody(model, model.checkBody, body);
    const row = newRow(model, caller, values);
    requireAtLeastOne(model, row);
    const write = async (transaction: Executor): Promise<Versioned<Row>> => {
      await checkReferences(transaction, caller, row);
      return insert(transaction, row);
    };
    return inTransaction(store, context, write, { single });
  };
}
