import { sql } from '../../database/sql.ts';
import { bind, param, type Statement, statement } from '../../database/statement.ts';
import type { Columns, Executor, Value } from '../../database/store.ts';
import { Problem } from '../../problems.ts';
import type { Model, Row } from '../../rows/model.ts';
import { type FindRow, finder } from '../../rows/read.ts';
import { type SystemModel, SystemTable } from '../../rows/system-tables.ts';
import type { RowWriter } from '../../rows/write.ts';
import { ID } from '../../rows/write-statements.ts';
import type { RowId } from '../../schema/id.ts';
import type { LifecycleOperation } from '../../schema/lifecycle.ts';

/** The states of one resource's rows and the operations between them, compiled. */
export interface CompiledLifecycle {
  readonly model: Model;
  readonly writer: RowWriter;
  /** The `state()` field. */
  readonly field: string;
  readonly operations: ReadonlyMap<string, CompiledOperation>;
  /** Records a move, at the time of the database's clock. */
  recordMove(
    transaction: Executor,
    move: Readonly<Record<(typeof MOVE)[number], string | null>>,
  ): Promise<unknown>;
  /** The row, if the caller may read it. Throws `not_found`. */
  readonly read: FindRow;
  /** The row, whoever asks. */
  peek(executor: Executor, id: RowId): Promise<Row | undefined>;
  /** A state by its name or its id, which is one that a state could have; undefined where there is none. */
  stateNamed(executor: Executor, name: string): Promise<State | undefined>;
  stateWithId(executor: Executor, id: Value): Promise<State | undefined>;
  isStateId(id: unknown): boolean;
}

/** An operation, and the names of all states that it may start from. */
export interface CompiledOperation extends LifecycleOperation<never> {
  readonly from: readonly string[];
}

/** The columns of a move that whoever makes it gives. */
const MOVE = ['resource', 'row', 'by', 'from', 'to', 'operation'] as const;

export type Lifecycles = ReadonlyMap<string, CompiledLifecycle>;

/** The lifecycle of a resource. Throws `not_found` where it has none. */
export function lifecycleOf(lifecycles: Lifecycles, resource: string): CompiledLifecycle {
  const lifecycle = lifecycles.get(resource);
  if (lifecycle) return lifecycle;
  throw new Problem('not_found', { detail: `There are no operations on ${resource}.`, data: { resource } });
}

export interface State {
  readonly id: RowId;
  readonly name: string;
}

/** Compiles the lifecycles of every resource that has a `state()` field. */
export function compileLifecycles(
  writers: ReadonlyMap<string, RowWriter>,
  movesModel: SystemModel,
): Map<string, CompiledLifecycle> {
  const moves = new SystemTable(movesModel);
  const { dialect } = moves.model;
  const recordMove = moves.rows(sql`insert into ${moves.name}
    (${sql.join(MOVE.map((name) => sql.ref(name)))}, at)
    values (${sql.join(MOVE.map((name) => sql`${param(name)}`))}, ${dialect.now}) returning ${moves.model.columns}`);
  const compiled = new Map<string, CompiledLifecycle>();
  for (const writer of writers.values()) {
    const { model } = writer;
    const stateField = model.fields.find(({ type }) => type.state);
    const target = writers.get(stateField?.type.reference?.target ?? '')?.model;
    const by = stateField?.type.state?.by;
    if (stateField && target && by !== undefined)
      compiled.set(model.name, {
        ...compileLifecycle(model, stateField.name, target, by),
        writer,
        recordMove,
      });
  }
  return compiled;
}

function compileLifecycle(model: Model, field: string, target: Model, by: string) {
  const byId = statement(model.dialect, sql`select ${model.columns} from ${model.table} where ${ID}`);
  const select = (column: string) =>
    statement(
      model.dialect,
      sql`select id, ${sql.ref(by)} as name from ${target.table} where ${sql.ref(column)} = ${param('value')}`,
    );
  const byName = select(by);
  const byStateId = select('id');
  const stateBy = (query: Statement) => async (executor: Executor, value: Value) => {
    const [found] = await executor.all(query, bind(query, { value }));
    // An id as the driver gives it is what the driver binds again.
    return found && { id: found.id as RowId, name: String(found.name) };
  };
  return {
    model,
    field,
    operations: new Map(
      Object.entries(model.resource.lifecycle?.operations ?? {}).map(([name, declared]) => [
        name,
        { ...declared, from: [declared.from].flat() },
      ]),
    ),
    read: finder(model),
    async peek(executor: Executor, id: RowId) {
      const [found] = await executor.all(byId, bind(byId, { id }));
      // Where nothing needs decoding, a row is what the driver gave.
      return found && (model.decodes ? model.decode(found) : (found as Row));
    },
    stateNamed: stateBy(byName),
    stateWithId: stateBy(byStateId),
    isStateId: (id: unknown) => target.checkId(id).length === 0,
  };
}

/** The state a row is in. */
export async function stateOf(
  lifecycle: CompiledLifecycle,
  executor: Executor,
  row: Columns | Row,
): Promise<State> {
  const id = row[lifecycle.field];
  const state = await lifecycle.stateWithId(executor, id as Value);
  if (!state)
    throw new Problem('internal', { cause: new Error(`${lifecycle.model.name}: no state ${String(id)}`) });
  return state;
}

/** 409, naming the operations that are legal from the state the row is in. */
export function illegalTransition(
  lifecycle: CompiledLifecycle,
  id: RowId,
  state: string,
  wanted: string,
): Problem {
  const legal = [...lifecycle.operations]
    .filter(([, { from }]) => from.includes(state))
    .map(([operation, { to }]) => ({ operation, to }));
  const names = legal.map(({ operation, to }) => `${operation} (to ${to})`).join(', ') || 'none';
  return new Problem('illegal_transition', {
    detail: `Row ${id} of ${lifecycle.model.name} is ${state}, from where ${wanted} is not possible. Possible now: ${names}.`,
    data: { resource: lifecycle.model.name, id, state, wanted, legal },
  });
}
