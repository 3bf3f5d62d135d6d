import { bind } from '../database/statement.ts';
import type { Executor, Store, Value } from '../database/store.ts';
import { instantNow } from '../instant.ts';
import { accountOf, type Caller } from '../schema/caller.ts';
import type { Context } from '../schema/context.ts';
import { completeValue } from '../schema/field.ts';
import type { RowId } from '../schema/id.ts';
import type { Versioned, WriteOptions } from '../schema/services/row-service.ts';
import { isObject } from './body.ts';
import { admitWriter } from './change.ts';
import { notFound } from './find.ts';
import type { Model, Row } from './model.ts';
import { type CheckReferences, refers } from './references.ts';
import { inTransaction } from './transaction.ts';
import { UpdateStatements } from './update-statements.ts';

type Values = Readonly<Record<string, unknown>>;

/**
 * A patch in one UPDATE, where nothing of it depends on the row as it is: no rule looks at the row, no version is asked for,
 * no nested object is merged. Undefined for every other patch, and for one that is wrong: the longer way says what is
 * wrong with it, after 404.
 */
export function blindPatcher(model: Model, store: Store, checkReferences: CheckReferences) {
  const updates = new UpdateStatements(model);
  return (
    context: Context,
    id: RowId,
    given: unknown,
    options: WriteOptions,
  ): Promise<Versioned<Row>> | undefined => {
    const { caller } = context;
    if (options.ifMatch !== undefined || !isBlind(model, caller)) return undefined;
    const body = model.normalize ? model.normalize(given) : given;
    if (!isObject(body) || merges(model, body) || mayEmpty(model, body) || model.checkPatch(body).length > 0)
      return undefined;
    admitWriter(model, caller, id, 'update');
    const { names, encoded } = changes(model, caller, id, body);
    const update = updates.of(names);
    const write = async (transaction: Executor): Promise<Versioned<Row>> => {
      await checkReferences(transaction, caller, encoded);
      const [changed] = await transaction.all(update, bind(update, encoded));
      if (!changed) throw notFound(model, id);
      return model.decodeVersioned(changed);
    };
    return inTransaction(store, context, write, { single: !refers(model, names) });
  };
}

function isBlind({ policy }: Model, caller: Caller): boolean {
  return (['see', 'update'] as const).every(
    (action) => policy.admits(caller, action) && policy.where(caller, action) === undefined,
  );
}

function merges(model: Model, body: Values): boolean {
  return Object.entries(body).some(([name, value]) => isObject(value) && model.byName.get(name)?.type.merge);
}

/** Whether a patch may clear the last of the fields of which a row must have one. */
function mayEmpty({ resource }: Model, body: Values): boolean {
  return resource.atLeastOne.some((name) => body[name] === null);
}

/** The fields that are set, in declared order, as they are bound with the id. */
function changes(model: Model, caller: Caller, id: RowId, body: Values) {
  const names: string[] = [];
  const encoded: Record<string, Value> = { id };
  const write = { account: accountOf(caller), now: instantNow() };
  for (const { name, field, type, kind } of model.fields) {
    const given = type.server ? type.server.edited(write) : body[name];
    if (given === undefined) continue;
    const value = completeValue(field, given);
    names.push(name);
    encoded[name] = model.dialect.encode(kind, value);
  }
  return { names, encoded };
}
