import { accountOf, type Caller } from '../declare/caller.ts';
import type { Value } from '../store/store.ts';
import type { Model } from './model.ts';

/** A body with the defaults of what was left out, and its values as they are kept (instants in UTC, nested defaults). */
export function completeBody(model: Model, body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const { name, field, writable } of model.fields) {
    if (!writable) continue;
    const given = body[name] ?? (body[name] === undefined ? field.default : null) ?? null;
    values[name] = given !== null && field.complete ? field.complete(given) : given;
  }
  return values;
}

/** What the server sets on creation. */
export function createdValues(model: Model, caller: Caller): Record<string, unknown> {
  const now = new Date().toISOString();
  const values: Record<string, unknown> = {};
  for (const { name, field } of model.fields) {
    if (field.automatic === 'author' || field.automatic === 'editor') values[name] = accountOf(caller);
    if (field.automatic === 'createdAt' || field.automatic === 'updatedAt') values[name] = now;
    if (field.automatic === 'counter') values[name] = 0;
  }
  return values;
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
    values[name] = current[name];
    if (field.automatic === 'editor') values[name] = accountOf(caller);
    if (field.automatic === 'updatedAt') values[name] = new Date().toISOString();
    if (field.counter?.resetOnUpdate) values[name] = 0;
  }
  return values;
}

/** Values as the dialect binds them, by column. */
export function encodeValues(model: Model, values: Readonly<Record<string, unknown>>): Record<string, Value> {
  const encoded: Record<string, Value> = {};
  for (const { name, kind } of model.fields) encoded[name] = model.dialect.encode(kind, values[name] ?? null);
  return encoded;
}
