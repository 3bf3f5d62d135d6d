import { sql } from '../database/sql.ts';
import { param, statement } from '../database/statement.ts';
import type { Executor, Store, Value } from '../database/store.ts';
import { Problem } from '../problems.ts';
import { anonymous } from '../schema/caller.ts';
import { encodeValues } from './encode.ts';
import { inserter, newRow } from './insert.ts';
import type { Model } from './model.ts';

/**
 * Puts in the rows that a declaration says are always there: each where there is none with its unique values, or, where
 * it has none, with all of its values. Safe while other processes do the same.
 */
export async function putRows(models: ReadonlyMap<string, Model>, store: Store): Promise<void> {
  for (const model of models.values())
    for (const row of model.resource.rows)
      await store.write((transaction) => putRow(model, transaction, row)).catch(ignoreConflict);
}

async function putRow(
  model: Model,
  transaction: Executor,
  row: Readonly<Record<string, unknown>>,
): Promise<void> {
  const given = Object.keys(row);
  const unique = given.filter((name) => model.byName.get(name)?.field.unique);
  const names = unique.length > 0 ? unique : given;
  const encoded: Readonly<Record<string, Value>> = encodeValues(model, row);
  const same = names.filter((name) => encoded[name] !== null);
  const conditions = names.map((name) =>
    encoded[name] === null ? sql`${sql.ref(name)} is null` : sql`${sql.ref(name)} = ${param(name)}`,
  );
  const find = statement(
    model.dialect,
    sql`select 1 from ${model.table} where ${sql.join(conditions, ' and ')} limit 1`,
  );
  const found = await transaction.all(
    find,
    same.map((name) => encoded[name] ?? null),
  );
  if (found.length === 0) await inserter(model)(transaction, newRow(model, anonymous, row));
}

/** Another process was quicker. */
function ignoreConflict(error: unknown): void {
  if (!(error instanceof Problem && error.code === 'conflict')) throw error;
}
