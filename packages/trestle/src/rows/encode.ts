import type { Value } from '../database/store.ts';
import { instantNow } from '../instant.ts';
import { accountOf, type Caller } from '../schema/caller.ts';
import { completeValue } from '../schema/field.ts';
import type { Model } from './model.ts';

/** A body with the defaults of what was left out, and its values as they are kept (instants in UTC, nested defaults). */
export function completeBody(model: Model, body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const { name, field, writable } of model.fields)
    if (writable) values[name] = completeValue(field, body[name]);
  return values;
}

/** Values that the server sets on creation. */
export function createdValues(model: Model, caller: Caller): Record<string, unknown> {
  const write = { account: accountOf(caller), now: instantNow() };
  const values: Record<string, unknown> = {};
  for (const { name, type } of model.fields) if (type.server) values[name] = type.server.created(write);
  return values;
}

/** Values that the server sets on an edit, beside those that stay. */
export function editedValues(
  model: Model,
  caller: Caller,
  current: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const write = { account: accountOf(caller), now: instantNow() };
  const values: Record<string, unknown> = {};
  for (const { name, type } of model.fields) {
    if (!type.server) continue;
    const edited = type.server.edited(write);
    values[name] = edited === undefined ? current[name] : edited;
  }
  return values;
}

/** Values as the dialect binds them, by column. */
export function encodeValues(model: Model, values: Readonly<Record<string, unknown>>): Record<string, Value> {
  const encoded: Record<string, Value> = {};
  for (const { name, kind } of model.fields) encoded[name] = model.dialect.encode(kind, values[name] ?? null);
  return encoded;
}
