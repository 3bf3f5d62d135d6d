import { sql } from '../../database/sql.ts';
import { bind, param, statement } from '../../database/statement.ts';
import type { Executor } from '../../database/store.ts';
import { editedValues, encodeValues } from '../../rows/encode.ts';
import type { Model, Row } from '../../rows/model.ts';
import type { Caller } from '../../schema/caller.ts';
import type { RowId } from '../../schema/id.ts';
import type { CompiledLifecycle, State } from './lifecycles.ts';

/** Who moves rows, and in which operation. */
export interface Mover {
  readonly caller: Caller;
  readonly account: RowId | null;
  readonly operation: string | null;
}

/** Writes some fields of a row that was found in this transaction; its version and what the server sets move too. */
export async function writeRow(
  model: Model,
  transaction: Executor,
  { caller, current, values }: { caller: Caller; current: Row; values: Readonly<Record<string, unknown>> },
): Promise<void> {
  const edited = { ...editedValues(model, caller, current), ...values };
  const encoded = encodeValues(model, edited);
  const sets = Object.keys(edited).map((name) => sql`${sql.ref(name)} = ${param(name)}`);
  const update = statement(
    model.dialect,
    sql`update ${model.table} set ${sql.join(sets)}, _version = _version + 1 where id = ${param('id')}`,
  );
  await transaction.all(update, bind(update, { ...encoded, id: current.id }));
}

/** Puts a row into a state, with other values where given, and writes the move down. */
export async function moveRow(
  { model, field, recordMove }: CompiledLifecycle,
  transaction: Executor,
  mover: Mover,
  move: { current: Row; from: State; to: State; values?: Readonly<Record<string, unknown>> },
): Promise<void> {
  const { current, from, to, values } = move;
  await writeRow(model, transaction, {
    caller: mover.caller,
    current,
    values: { ...values, [field]: to.id },
  });
  if (from.id === to.id) return;
  await recordMove(transaction, {
    resource: model.name,
    row: String(current.id),
    from: from.name,
    to: to.name,
    operation: mover.operation,
    account: mover.account === null ? null : String(mover.account),
  });
}
