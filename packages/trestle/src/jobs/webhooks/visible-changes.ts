import type { Executor } from '../../database/store.ts';
import type { Model, Row } from '../../rows/model.ts';
import { recordedView } from '../../rows/relations/recorded-view.ts';
import type { Caller } from '../../schema/caller.ts';

/** A change of a row as it waits for being sent. */
export interface Change {
  readonly resource: string;
  readonly before: Row | null;
  readonly after: Row | null;
}

/** A change as a caller may see it, and the row as it was recorded that its data are of; null where these are the id alone. */
interface VisibleChange {
  readonly type: string;
  readonly data: Row;
  readonly recorded: Row | null;
}

/** A change as a caller may see it; undefined where that is none. */
export async function visibleChange(
  model: Model,
  caller: Caller,
  { resource, before, after }: Change,
  executor: Executor,
): Promise<VisibleChange | undefined> {
  const was = before ? await visibleRow(model, caller, before, executor) : undefined;
  const is = after ? await visibleRow(model, caller, after, executor) : undefined;
  if (!is) {
    if (!was) return undefined;
    // A row that the caller may not read any more is gone for it.
    const [data, recorded] = after ? [{ id: was.id }, null] : [was, before];
    return { type: `${resource}.deleted`, data, recorded };
  }
  // What the caller may not read is no change to it.
  if (was && JSON.stringify(was) === JSON.stringify(is)) return undefined;
  return { type: `${resource}.${was ? 'updated' : 'created'}`, data: is, recorded: after };
}

/**
 * The part of sent data that a caller may see now: members that it may read both in the row as it was recorded and, where it is
 * still there, in the row as it is. Undefined where the rule hides the row.
 *
 * @param current the row as it is; undefined where it is deleted.
 */
export async function stillVisible(
  model: Model,
  caller: Caller,
  { data, recorded, current }: { data: Row; recorded: Row; current: Row | undefined },
  executor: Executor,
): Promise<Row | undefined> {
  const then = await visibleRow(model, caller, recorded, executor);
  const now = current && then ? await visibleRow(model, caller, current, executor) : then;
  if (!then || !now) return undefined;
  // Both have the id.
  return Object.fromEntries(Object.entries(data).filter(([key]) => key in then && key in now)) as Row;
}

/** A row as it was recorded, with the fields that a caller may read; undefined where the rule hides it. */
async function visibleRow(
  model: Model,
  caller: Caller,
  row: Row,
  executor: Executor,
): Promise<Row | undefined> {
  if (!(await model.policy.allows(caller, 'read', row, executor))) return undefined;
  return recordedView(model, model.policy.fields(caller, 'read'))(row, caller, executor);
}
