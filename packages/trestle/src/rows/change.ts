import { sql } from '../database/sql.ts';
import { bind, param, statement } from '../database/statement.ts';
import type { Executor, Store, Value } from '../database/store.ts';
import { Problem } from '../problems.ts';
import type { Caller } from '../schema/caller.ts';
import type { Context } from '../schema/context.ts';
import type { RowId } from '../schema/id.ts';
import type { Verb } from '../schema/rules.ts';
import { VERSION, type Versioned, type WriteOptions } from '../schema/services/row-service.ts';
import { requireAtLeastOne } from './body.ts';
import { completeBody, editedValues, encodeValues } from './encode.ts';
import { finder, notFound, requireId } from './find.ts';
import type { Model, Row } from './model.ts';
import type { CheckReferences } from './references.ts';
import { inTransaction } from './transaction.ts';
import { UpdateStatements } from './update-statements.ts';

/** The new body of a row from the one it has. Runs after the rules, so that 403 and 404 come before what is wrong with a body. */
export type NextBody = (current: Row) => Readonly<Record<string, unknown>>;

/** What `replace` and `patch` share: the row is found, the rules asked and the new row written in one transaction. */
export function changer(model: Model, store: Store, checkReferences: CheckReferences) {
  const find = writableFinder(model, 'update');
  const updates = new UpdateStatements(model);
  return async (
    context: Context,
    id: RowId,
    next: NextBody,
    options: WriteOptions,
  ): Promise<Versioned<Row>> => {
    const { caller } = context;
    admitWriter(model, caller, id, 'update');
    return inTransaction(store, context, async (transaction) => {
      const current = await find(transaction, caller, id, options);
      const values = { ...completeBody(model, next(current)), ...editedValues(model, caller, current) };
      requireAtLeastOne(model, values);
      const encoded = encodeValues(model, values);
      await checkReferences(transaction, caller, encoded);
      const update = updates.of(changedFields(model, encodeValues(model, current), encoded));
      const [changed] = await transaction.all(update, bind(update, { ...encoded, id }));
      if (!changed) throw notFound(model, id);
      return model.decodeVersioned(changed);
    });
  };
}

/** The verb `remove`: rows that refer to this one go, stay or hold it back as their `onDelete` says. */
export function remover(model: Model, store: Store) {
  const find = writableFinder(model, 'delete');
  const drop = statement(
    model.dialect,
    sql`delete from ${model.table} where ${sql.ref('id')} = ${param('id')}`,
  );
  return async (context: Context, id: RowId, options: WriteOptions = {}): Promise<Versioned<Row>> => {
    const { caller } = context;
    admitWriter(model, caller, id, 'delete');
    return inTransaction(store, context, async (transaction) => {
      const current = await find(transaction, caller, id, options);
      await transaction.all(drop, [id]);
      return current;
    });
  };
}

/** Throws what is wrong with a write before any row is looked at. */
export function admitWriter(model: Model, caller: Caller, id: RowId, verb: Verb): void {
  model.policy.admit(caller, verb);
  requireId(model, id);
}

/** Finds and locks a row that the caller may read (else 404), may write (else 403) and has the newest version of (else 412). */
function writableFinder(model: Model, verb: Verb) {
  const find = finder(model, 'see', model.dialect.forUpdate);
  return async (executor: Executor, caller: Caller, id: RowId, { ifMatch }: WriteOptions) => {
    const row = await find(executor, caller, id);
    if (!(await model.policy.allows(caller, verb, row, executor))) throw new Problem('forbidden');
    const version = row[VERSION];
    if (ifMatch !== undefined && ifMatch !== '*' && !ifMatch.includes(version))
      throw new Problem('precondition_failed', {
        detail: `The row is at version ${version} now. Read it again, apply your change to that, and send its ETag.`,
        data: { resource: model.name, id },
      });
    return row;
  };
}

/** SQLite writes every index of a column that is set, also to the value it has: only what differs is set. */
function changedFields(
  model: Model,
  current: Readonly<Record<string, Value>>,
  encoded: Readonly<Record<string, Value>>,
): string[] {
  return model.fields.map(({ name }) => name).filter((name) => encoded[name] !== current[name]);
}
