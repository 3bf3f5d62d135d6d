import type { Dialect } from '../database/dialect.ts';
import { sql } from '../database/sql.ts';
import { param, type Statement, statement } from '../database/statement.ts';
import type { Columns } from '../database/store.ts';
import { Problem } from '../problems.ts';
import type { Caller } from '../schema/caller.ts';
import type { RowId } from '../schema/id.ts';
import type { Model } from './model.ts';
import { decide, refuse } from './policy.ts';

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

/** Throws `unauthenticated` before any row is looked at, and `forbidden` where no row could be read. */
export function refuseBlind(model: Model, caller: Caller): void {
  refuse(decide(model.resource.can.read, caller));
}

/** The row of some columns, if there is one and the caller may read it. Throws `not_found`. */
export function readable(model: Model, caller: Caller, id: RowId, found: Columns | undefined): Columns {
  if (!found || decide(model.resource.can.read, caller, found) !== 'allow') throw notFound(model, id);
  return found;
}

/** A select of one row by its id; locked where it is about to be written. */
export function byId(model: Model, lock: Dialect['forUpdate'] = sql``): Statement {
  return statement(
    model.dialect,
    sql`select ${model.versionedColumns} from ${model.table} where ${sql.ref('id')} = ${param('id')} ${lock}`,
  );
}
