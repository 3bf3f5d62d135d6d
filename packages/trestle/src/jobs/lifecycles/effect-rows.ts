import { type Sql, sql } from '../../database/sql.ts';
import { bind, param, statement } from '../../database/statement.ts';
import type { Executor, Store } from '../../database/store.ts';
import { encodeValues } from '../../rows/encode.ts';
import { inserter, newRow } from '../../rows/insert.ts';
import type { Model } from '../../rows/model.ts';
import { anonymous, type Caller } from '../../schema/caller.ts';
import type { Id, RowId } from '../../schema/id.ts';
import type { AnyRow, EffectRows, FindRows } from '../../schema/lifecycle.ts';
import { type Lifecycles, lifecycleOf, stateOf } from './lifecycles.ts';
import { type Mover, moveRow, writeRow } from './move-row.ts';

/** The rows of an app, for its own code. */
export interface AppRows {
  readonly store: Store;
  readonly models: ReadonlyMap<string, Model>;
  readonly lifecycles: Lifecycles;
  /** How ids of accounts, which jobs and moves keep as text, come back. */
  readonly accountIds: Id['kind'];
}

/** The account that a job works for, as a caller: what `editor()` fields are set to. */
export function actorOf(account: RowId | null): Caller {
  return account === null ? anonymous : { kind: 'account', account, session: '' };
}

/** An account's id that was kept as text. */
export function accountIdOf({ accountIds }: AppRows, text: string | null): RowId | null {
  return text !== null && accountIds === 'integer' ? Number(text) : text;
}

/** The rows of an app for an operation's effect, inside the transaction that ends it. */
export function effectRows(rows: AppRows, transaction: Executor, mover: Mover): EffectRows {
  return {
    find: rowFinder(rows, transaction, rows.store.dialect.forUpdate),
    async create(resource, values) {
      const model = modelOf(rows, resource);
      return inserter(model)(transaction, newRow(model, mover.caller, values));
    },
    async set(resource, id, values) {
      const model = modelOf(rows, resource);
      const current = await requireRow(model, transaction, id);
      await writeRow(model, transaction, { caller: mover.caller, current, values });
    },
    async move(resource, id, state) {
      const lifecycle = lifecycleOf(rows.lifecycles, resource);
      const current = await requireRow(lifecycle.model, transaction, id);
      const from = await stateOf(lifecycle, transaction, current);
      const { id: to } = await requireState(rows, transaction, resource, state);
      const move = { current, from, to: { id: to, name: state } };
      await moveRow(lifecycle, transaction, mover, move);
    },
  };
}

/** What finds rows, locking them or not. */
export function rowFinder(rows: AppRows, executor: Executor, lock: Sql): FindRows {
  return async (resource, equal, state) => {
    const model = modelOf(rows, resource);
    const named = state === undefined ? undefined : await requireState(rows, executor, resource, state);
    return findRows(model, executor, named ? { ...equal, [named.field]: named.id } : equal, lock);
  };
}

async function findRows(
  model: Model,
  executor: Executor,
  equal: Readonly<Record<string, unknown>>,
  lock: Sql,
): Promise<(AnyRow & Record<string, unknown>)[]> {
  const names = Object.keys(equal);
  for (const name of names)
    if (name !== 'id' && !model.byName.has(name)) throw new TypeError(`${model.name} has no field '${name}'`);
  const conditions = names.map((name) =>
    equal[name] === null ? sql`${sql.ref(name)} is null` : sql`${sql.ref(name)} = ${param(name)}`,
  );
  const query = statement(
    model.dialect,
    sql`select ${model.versionedColumns} from ${model.table}
      where ${conditions.length > 0 ? sql.join(conditions, ' and ') : sql`1 = 1`}
      order by id ${lock}`,
  );
  const values = { ...encodeValues(model, equal), id: model.dialect.encode(model.idKind, equal.id ?? null) };
  const found = await executor.all(query, bind(query, values));
  return found.map((row) => model.decodeVersioned(row));
}

async function requireRow(model: Model, transaction: Executor, id: RowId) {
  const [row] = await findRows(model, transaction, { id }, model.dialect.forUpdate);
  if (!row) throw new TypeError(`${model.name} has no row ${id}`);
  return row;
}

async function requireState(rows: AppRows, transaction: Executor, resource: string, name: string) {
  const lifecycle = lifecycleOf(rows.lifecycles, resource);
  const state = await lifecycle.stateNamed(transaction, name);
  if (!state) throw new TypeError(`${resource} has no state '${name}'`);
  return { field: lifecycle.field, id: state.id };
}

function modelOf(rows: AppRows, resource: string): Model {
  const model = rows.models.get(resource);
  if (!model) throw new TypeError(`there is no resource '${resource}'`);
  return model;
}
