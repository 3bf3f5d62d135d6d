import type { Context } from '../schema/context.ts';
import type { RowId } from '../schema/id.ts';
import type { Versioned, WriteOptions } from '../schema/services/row-service.ts';
import { checkedBody, isObject } from './body.ts';
import type { changer } from './change.ts';
import type { Model, Row } from './model.ts';
import type { blindPatcher } from './update-without-select.ts';

/**
 * The verb `patch` (RFC 7396): fields that are given take the place of the row's; null clears a field that may be null;
 * lists are replaced whole; members of nested objects are merged.
 */
export function patcher(
  model: Model,
  change: ReturnType<typeof changer>,
  patchBlind: ReturnType<typeof blindPatcher>,
) {
  return async (
    context: Context,
    id: RowId,
    body: unknown,
    options: WriteOptions = {},
  ): Promise<Versioned<Row>> => {
    const patched = patchBlind(context, id, body, options);
    if (patched) return patched;
    const next = (current: Row) => {
      const merged = isObject(body) ? mergeNested(model, current, body) : body;
      return { ...writableOf(model, current), ...checkedBody(model, model.checkPatch, merged) };
    };
    return change(context, id, next, options);
  };
}

/** Nested objects of the patch, merged into the row's own before they are checked as wholes. */
function mergeNested(
  model: Model,
  current: Row,
  patch: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const merged: Record<string, unknown> = { ...patch };
  for (const [name, value] of Object.entries(patch)) {
    const merge = model.byName.get(name)?.type.merge;
    if (merge && isObject(value)) merged[name] = merge(current[name], value);
  }
  return merged;
}

function writableOf(model: Model, row: Row): Record<string, unknown> {
  const writable = model.fields
    .filter((field) => field.writable)
    .map(({ name }) => [name, row[name]] as const);
  return Object.fromEntries(writable);
}
