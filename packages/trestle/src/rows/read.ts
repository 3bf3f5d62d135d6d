import { type Sql, sql } from '../database/sql.ts';
import { bind, param, statement } from '../database/statement.ts';
import type { Columns, Executor, Store } from '../database/store.ts';
import type { Caller, Context } from '../schema/caller.ts';
import type { RowId } from '../schema/id.ts';
import type { Versioned } from '../schema/services/row-service.ts';
import type { Model, Row } from './model.ts';
import { CallerValues } from './policy.ts';
import { readerOf } from './transaction.ts';
import { lockOf } from './unlocked-writes.ts';
import { notFound, requireId } from './validate.ts';
import { allOf, encodeFields, ID, updateOf } from './write-statements.ts';

/** Answers at once where the executor does, as those of SQLite: waiting for what is there would take two more microtasks. */
export type FindRow = (
  executor: Executor,
  caller: Caller,
  id: RowId,
) => Versioned<Row> | Promise<Versioned<Row>>;

/** Compiles the search of one row by its id, among those that the policy lets the caller read. It throws `not_found`. */
export function finder(model: Model): FindRow {
  const select = model.policy.perClass(['read'], (where, fields) => ({
    fields,
    statement: statement(
      model.dialect,
      sql`select ${fields.versionedColumns} from ${model.table} where ${allOf(ID, where)}`,
    ),
  }));
  return (executor, caller, id) => {
    const { fields, statement: byId } = select(caller);
    const decode = ([found]: readonly Columns[]) => {
      if (!found) throw notFound(model, id);
      return fields.decodeVersioned(found);
    };
    const rows = executor.all(byId, bind(byId, { id }, new CallerValues(caller)));
    return rows instanceof Promise ? rows.then(decode) : decode(rows);
  };
}

/**
 * Compiles the search of one row by its id, with every field, among those that the read rule leaves the caller. The rule is a
 * part of the statement, so that a hidden row takes what one takes that does not exist.
 */
export function visibleRowFinder(model: Model) {
  const select = model.policy.perClass(['see'], (where) =>
    statement(
      model.dialect,
      sql`select ${model.versionedColumns} from ${model.table} where ${allOf(ID, where)}`,
    ),
  );
  return async (executor: Executor, caller: Caller, id: RowId): Promise<Versioned<Row> | undefined> => {
    const byId = select(caller);
    const [found] = await executor.all(byId, bind(byId, { id }, new CallerValues(caller)));
    return found && model.decodeVersioned(found);
  };
}

type ReadOne = (context: Context, id: RowId) => Promise<Versioned<Row>>;

/** The verb `read` without counting. */
export function peeker(model: Model, store: Store): ReadOne {
  const find = finder(model);
  return async (context, id) => {
    model.policy.admit(context.caller, 'read');
    requireId(model, id);
    const found = find(readerOf(store, context), context.caller, id);
    // Awaited here, the row is there after one microtask; a promise that is returned takes three.
    return found instanceof Promise ? await found : found;
  };
}

/**
 * The verb `read` where a counter counts reads: one UPDATE adds one and answers the row, so that no count is lost
 * between processes. Neither the version nor `updatedAt` moves. A caller who may not read the row counts nothing.
 */
export function countingReader(model: Model, store: Store): ReadOne {
  const counters = countingFields(model).map((name) => sql`${sql.ref(name)} = ${sql.ref(name)} + 1`);
  const count = model.policy.perClass(['read'], (where, fields) => ({
    fields,
    statement: statement(
      model.dialect,
      sql`${updateOf(model, counters, allOf(ID, where), { counting: true })} returning ${fields.versionedColumns}`,
    ),
  }));
  return async (context, id) => {
    const { caller } = context;
    model.policy.admit(caller, 'read');
    requireId(model, id);
    const { fields, statement: update } = count(caller);
    const values = bind(update, { id }, new CallerValues(caller));
    const [counted] = context.transaction
      ? await readerOf(store, context).all(update, values)
      : await store.writeOne(update, values, { locks: lockOf(model, id) });
    if (!counted) throw notFound(model, id);
    return fields.decodeVersioned(counted);
  };
}

export function countingFields(model: Model): string[] {
  return model.fields.filter(({ type }) => type.countsReads).map(({ name }) => name);
}

/** Rows by id in one query; missing ones and ones the caller may not read are left out alike. */
export function manyReader(model: Model, store: Store) {
  const within = model.dialect.within(sql.ref('id'), sql`${param('ids')}`, model.idKind);
  const select = model.policy.perClass(['read'], (where, fields) => ({
    fields,
    statement: statement(
      model.dialect,
      sql`select ${fields.columns} from ${model.table} where ${within} ${where ? sql`and ${where}` : sql``}`,
    ),
  }));
  return async (context: Context, ids: readonly RowId[]): Promise<Map<RowId, Row>> => {
    const { caller } = context;
    model.policy.admit(caller, 'read');
    const rows = new Map<RowId, Row>();
    if (ids.length === 0) return rows;
    const { fields, statement: query } = select(caller);
    const values = { ids: model.dialect.encodeList([...new Set(ids)]) };
    for (const found of await readerOf(store, context).all(
      query,
      bind(query, values, new CallerValues(caller)),
    )) {
      const row = fields.decode(found);
      rows.set(row.id, row);
    }
    return rows;
  };
}

/** The rows with these values, in order of their ids, whoever asks. */
export async function rowsWith(
  model: Model,
  executor: Executor,
  equal: Readonly<Record<string, unknown>>,
  lock: Sql = sql``,
): Promise<Versioned<Row>[]> {
  const names = Object.keys(equal);
  for (const name of names)
    if (name !== 'id' && !model.byName.has(name)) throw new TypeError(`${model.name} has no field '${name}'`);
  const conditions = names.map((name) => {
    if (equal[name] === null) return sql`${sql.ref(name)} is null`;
    const kept = model.dialect.comparable(sql.ref(name), model.byName.get(name)?.kind ?? model.idKind);
    return sql`${kept} = ${param(name)}`;
  });
  const query = statement(
    model.dialect,
    sql`select ${model.versionedColumns} from ${model.table}
      where ${sql.join([model.live ?? sql`1 = 1`, ...conditions], ' and ')}
      order by ${sql.ref('id')} ${lock}`,
  );
  const rows = await executor.all(query, bind(query, encodeFields(model, equal, names)));
  return rows.map((row) => model.decodeVersioned(row));
}
