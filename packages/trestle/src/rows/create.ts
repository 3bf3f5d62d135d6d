import type { Store, Work } from '../database/store.ts';
import type { Caller } from '../schema/caller.ts';
import type { Versioned } from '../schema/services/row-service.ts';
import { checkedBody, requireAtLeastOne } from './body.ts';
import { inserter, newRow } from './insert.ts';
import type { Model, Row } from './model.ts';
import { authorize, requireScope } from './policy.ts';
import { type CheckReferences, refers } from './references.ts';

/** The verb `create`: rules, then the body, then references and the insert in one transaction. */
export function creator(model: Model, store: Store, checkReferences: CheckReferences) {
  const insert = inserter(model);
  const single = !refers(model, [...model.byName.keys()]);
  return async (caller: Caller, body: unknown): Promise<Versioned<Row>> => {
    authorize(model.resource.can.create, caller);
    requireScope(caller, model.name, 'create');
    const values = checkedBody(model, model.checkBody, body);
    const row = newRow(model, caller, values);
    requireAtLeastOne(model, row);
    const work: Work<Versioned<Row>> = async (transaction) => {
      await checkReferences(transaction, caller, row);
      return insert(transaction, row);
    };
    return store.write(work, { single });
  };
}
