import { sql } from 'kysely';
import type { Caller } from '../declare/caller.ts';
import type { Versioned } from '../declare/service.ts';
import { Problem } from '../problems.ts';
import { bind, param, statement } from '../store/statement.ts';
import type { Store, Value } from '../store/store.ts';
import { checkedBody, requireAtLeastOne } from './body.ts';
import { completeBody, createdValues, encodeValues } from './encode.ts';
import type { Model, Row } from './model.ts';
import { authorize, requireScope } from './policy.ts';
import type { CheckReferences } from './references.ts';
import { uuid7 } from './uuid7.ts';

/** The verb `create`: rules, then the body, then references and the insert in one transaction. */
export function creator(model: Model, store: Store, checkReferences: CheckReferences) {
  const insert = insertStatement(model);
  return async (caller: Caller, body: unknown): Promise<Versioned<Row>> => {
    authorize(model.resource.can.create, caller);
    requireScope(caller, model.name, 'create');
    const values = completeBody(model, checkedBody(model, model.checkBody, body));
    requireAtLeastOne(model, values);
    const encoded: Record<string, Value> = encodeValues(model, {
      ...values,
      ...createdValues(model, caller),
    });
    if (model.resource.id.kind === 'uuid') encoded.id = uuid7();
    return store.write(async (transaction) => {
      await checkReferences(transaction, caller, encoded);
      const [created] = await transaction.all(insert, bind(insert, encoded));
      if (!created)
        throw new Problem('internal', { cause: new Error(`${model.name}: insert returned no row`) });
      return model.decodeVersioned(created);
    });
  };
}

function insertStatement(model: Model) {
  const names = model.fields.map((field) => field.name);
  if (model.resource.id.kind === 'uuid') names.unshift('id');
  return statement(
    model.dialect,
    sql`insert into ${model.table} (${sql.join(names.map((name) => sql.ref(name)))})
      values (${sql.join(names.map(param))}) returning ${model.versionedColumns}`,
  );
}
