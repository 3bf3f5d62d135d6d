import { type Sql, sql } from '../database/sql.ts';
import { bind, param, statement } from '../database/statement.ts';
import type { Executor } from '../database/store.ts';
import { Problem } from '../problems.ts';
import type { Caller } from '../schema/caller.ts';
import type { RowId } from '../schema/id.ts';
import type { Versioned } from '../schema/services/row-service.ts';
import type { Model, Row } from './model.ts';
import { type Action, callerValues } from './policy.ts';

/** The 404 of a row: the same whether it is missing or hidden from the caller. */
export function notFound(model: Model, id: unknown): Problem {
  return new Problem('not_found', {
    detail: `There is no row ${String(id)} in ${model.name}.`,
    data: { resource: model.name, id },
  });
}

/** Throws `not_found` for what cannot be an id of this resource. */
export function requireId(model: Model, id: RowId): void {
  if (model.checkId(id).length > 0) throw notFound(model, id);
}

export type FindRow = (executor: Executor, caller: Caller, id: RowId) => Promise<Versioned<Row>>;

/**
 * What finds one row by its id among those that the policy leaves the caller for an action. Throws `not_found`.
 * @param lock `forUpdate` where the row is about to be written (default: none).
 */
export function finder(model: Model, action: Action, lock: Sql = sql``): FindRow {
  const select = model.policy.perClass(action, (where, fields) => ({
    fields,
    statement: statement(
      model.dialect,
      sql`select ${fields.versionedColumns} from ${model.table}
        where ${sql.ref('id')} = ${param('id')} ${where ? sql`and ${where}` : sql``} ${lock}`,
    ),
  }));
  return async (executor, caller, id) => {
    const { fields, statement: byId } = select(caller);
    const [found] = await executor.all(byId, bind(byId, { id, ...callerValues(caller) }));
    if (!found) throw notFound(model, id);
    return fields.decodeVersioned(found);
  };
}
