import { type FieldError, Problem } from '../problems.ts';
import type { Model } from './model.ts';
import { type Check, kindOf } from './validate.ts';

/** A body that passed its check. Throws `unknown_field` (naming what is allowed) or `invalid`. */
export function checkedBody(model: Model, check: Check, given: unknown): Readonly<Record<string, unknown>> {
  const body = model.normalize ? model.normalize(given) : given;
  const errors = check(body);
  if (errors.length > 0) throw bodyProblem(model, errors);
  if (!isObject(body)) throw bodyProblem(model, [notAnObject(body)]);
  return body;
}

/** Throws `invalid` where none of the fields of `atLeastOne` is given. */
export function requireAtLeastOne(model: Model, values: Readonly<Record<string, unknown>>): void {
  const group = model.resource.atLeastOne;
  if (group.length === 0 || group.some((name) => values[name] !== null && values[name] !== undefined)) return;
  throw new Problem('invalid', {
    detail: `Give at least one of ${group.join(', ')}.`,
    errors: [{ pointer: '', code: 'at_least_one', message: `give at least one of ${group.join(', ')}` }],
    data: { atLeastOne: group },
  });
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function notAnObject(body: unknown): FieldError {
  return { pointer: '', code: 'type', message: `expected an object, got ${kindOf(body)}` };
}

function bodyProblem(model: Model, errors: readonly FieldError[]): Problem {
  const unknown = errors.filter((error) => error.code === 'unknown');
  if (unknown.length === 0) return new Problem('invalid', { errors, detail: summary(errors) });
  const allowed = model.fields.filter((field) => field.writable).map((field) => field.name);
  const given = unknown.map((error) => error.pointer.slice(1)).join(', ');
  return new Problem('unknown_field', {
    errors,
    detail: `Not taken here: ${given}. The fields of ${model.name} that a body may set: ${allowed.join(', ')}.`,
    data: { allowed },
  });
}

function summary(errors: readonly FieldError[]): string {
  return errors.map(({ pointer, message }) => (pointer ? `${pointer}: ${message}` : message)).join('; ');
}
