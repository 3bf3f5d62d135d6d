import { sql } from '../database/sql.ts';
import { bind, param, statement } from '../database/statement.ts';
import type { Executor, Value } from '../database/store.ts';
import { instantNow } from '../instant.ts';
import { Problem } from '../problems.ts';
import { accountOf, type Caller } from '../schema/caller.ts';
import { completeValue } from '../schema/field.ts';
import type { Versioned } from '../schema/services/row-service.ts';
import type { Model, Row } from './model.ts';
import { uuid7 } from './uuid7.ts';

export type Values = Readonly<Record<string, unknown>>;

/** A new row as it is bound: what a body says, its defaults, and what the server sets. */
export function newRow(model: Model, caller: Caller, body: Values): Record<string, Value> {
  const write = { account: accountOf(caller), now: instantNow() };
  const row: Record<string, Value> = {};
  if (model.resource.id.kind === 'uuid') row.id = uuid7();
  for (const { name, field, type, kind } of model.fields) {
    const value = type.server ? type.server.created(write) : completeValue(field, body[name]);
    row[name] = model.dialect.encode(kind, value);
  }
  return row;
}

/** What inserts rows of `newRow`. */
export function inserter(model: Model) {
  const insert = insertStatement(model);
  const first = firstState(model);
  return async (executor: Executor, row: Readonly<Record<string, Value>>): Promise<Versioned<Row>> => {
    if (first) await first(executor);
    const [created] = await executor.all(insert, bind(insert, row));
    if (!created)
      throw new Problem('internal', { cause: new Error(`${model.name}: insert returned no row`) });
    return model.decodeVersioned(created);
  };
}

function insertStatement(model: Model) {
  const names = model.fields.map((field) => field.name);
  if (model.resource.id.kind === 'uuid') names.unshift('id');
  const values = names.map((name) => initialState(model, name) ?? param(name));
  return statement(
    model.dialect,
    sql`insert into ${model.table} (${sql.join(names.map((name) => sql.ref(name)))})
      values (${sql.join(values)}) returning ${model.versionedColumns}`,
  );
}

/** Refuses, in words, where somebody has renamed or removed the state that rows begin in. */
function firstState(model: Model) {
  const { name, type } = model.fields.find((one) => one.type.state) ?? {};
  const value = name && initialState(model, name);
  if (!value) return undefined;
  const query = statement(model.dialect, sql`select ${value} as id`);
  const detail = `There is no state '${type?.state?.initial}' in ${type?.reference?.target}. Add it again.`;
  return async (transaction: Executor) => {
    const [found] = await transaction.all(query, bind(query, {}));
    if (found?.id === null) throw new Problem('conflict', { detail, data: { resource: model.name } });
  };
}

/** The first state of a row, found by its name as the row is inserted; undefined for every other field. */
function initialState(model: Model, name: string) {
  const { state, reference } = model.byName.get(name)?.type ?? {};
  if (!state || !reference) return undefined;
  return sql`(select ${sql.ref('id')} from ${sql.id(reference.target)} where ${sql.ref(state.by)} = ${state.initial})`;
}
