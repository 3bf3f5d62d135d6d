import { sql } from '../database/sql.ts';
import { bind, param, type Statement, statement } from '../database/statement.ts';
import type { Executor, Value } from '../database/store.ts';
import { type FieldError, Problem } from '../problems.ts';
import type { Caller } from '../schema/caller.ts';
import type { Model } from './model.ts';
import { callerValues } from './policy.ts';

interface Reference {
  readonly field: string;
  readonly target: Model;
  readonly byId: (caller: Caller) => Statement;
}

/** Checks that the rows a body refers to exist and may be read by the caller. */
export type CheckReferences = (
  transaction: Executor,
  caller: Caller,
  values: Readonly<Record<string, Value>>,
) => Promise<void>;

/**
 * Foreign keys hold the references; this names the field that is wrong, which SQLite's errors do not, and lets nobody
 * refer to a row that they may not read (which would tell them that it exists).
 */
export function referenceCheck(model: Model, models: ReadonlyMap<string, Model>): CheckReferences {
  const references: Reference[] = [];
  for (const { name, type } of model.fields) {
    const target = type.reference && models.get(type.reference.target);
    if (!target) continue;
    const byId = target.policy.perClass(['read'], (where) =>
      statement(
        model.dialect,
        sql`select 1 from ${target.table} where ${sql.ref('id')} = ${param('id')} ${where ? sql`and ${where}` : sql``}`,
      ),
    );
    references.push({ field: name, target, byId });
  }
  return async (transaction, caller, values) => {
    const errors: FieldError[] = [];
    for (const { field, target, byId } of references) {
      const id = values[field];
      if (id === null || id === undefined) continue;
      const query = byId(caller);
      const found = await transaction.all(query, bind(query, { id, ...callerValues(caller) }));
      if (found.length === 0) errors.push(missing(field, target.name, id));
    }
    if (errors.length > 0)
      throw new Problem('invalid', { errors, detail: errors.map((error) => error.message).join('; ') });
  };
}

function missing(field: string, resource: string, id: Value): FieldError {
  const message = `there is no row ${String(id)} in ${resource}`;
  return { pointer: `/${field}`, code: 'reference', message, params: { resource, id } };
}
