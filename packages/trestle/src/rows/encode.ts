import type { Value } from '../database/store.ts';
import { instantNow } from '../instant.ts';
import { accountOf, type Caller } from '../schema/caller.ts';
import type { Field } from '../schema/field.ts';
import type { Model } from './model.ts';

/** A body with the defaults of what was left out, and its values as they are kept (instants in UTC, nested defaults). */
export function completeBody(model: Model, body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const { name, field, writable } of model.fields)
    if (writable) values[name] = completeValue(field, body[name]);
  return values;
}

/** The same of one field; `given` is undefined where the body left it out. */
export function completeValue(field: Field, given: unknown): unknown {
  const value = given === undefined ? (field.default ?? null) : given;
  return value !== null && field.complete ? field.complete(value) : value;
}

/** What the server sets on creation. */
export function createdValues(model: Model, caller: Caller): Record<string, unknown> {
  const now = instantNow();
  const values: Record<string, unknown> = {};
  for (const { name, field } of model.fields)
    if (field.automatic) values[name] = createdValue(field, caller, now);
  return values;
}

/** The same of one field; undefined for a state, which the insert looks up. */
export function createdValue({ automatic }: Field, caller: Caller, now: string): unknown {
  switch (automatic) {
    case 'author':
    case 'editor':
      return accountOf(caller);
    case 'createdAt':
    case 'updatedAt':
      return now;
    case 'counter':
      return 0;
    default:
      return undefined;
  }
}

/** What the server sets on an edit, beside what stays. */
export function editedValues(
  model: Model,
  caller: Caller,
  current: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const { name, field } of model.fields) {
    if (!field.automatic) continue;
    const edited = editedValue(field, caller);
    values[name] = edited === undefined ? current[name] : edited;
  }
  return values;
}

/** The same of one field; undefined where an edit leaves it as it is. */
export function editedValue({ automatic, counter }: Field, caller: Caller): unknown {
  if (automatic === 'editor') return accountOf(caller);
  if (automatic === 'updatedAt') return instantNow();
  return counter?.resetOnUpdate ? 0 : undefined;
}

/** Values as the dialect binds them, by column. */
export function encodeValues(model: Model, values: Readonly<Record<string, unknown>>): Record<string, Value> {
  const encoded: Record<string, Value> = {};
  for (const { name, kind } of model.fields) encoded[name] = model.dialect.encode(kind, values[name] ?? null);
  return encoded;
}
