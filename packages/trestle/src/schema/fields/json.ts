import { Type } from 'typebox';
import { toUtc } from '../../clock.ts';
import { COMMON } from '../checks/field-options.ts';
import { isObject, optionsOf } from '../checks/options.ts';
import { type Faces, type Field, type FieldOptions, field, type JsonValue } from '../field.ts';
import type { Conversion } from '../field-type.ts';

const AS_IT_IS: Conversion = { isLossless: true, convert: (value) => value };

/** Shared by field types stored as JSON. */
export const JSON_VALUE = {
  column: 'json',
  operators: [],
  expected: 'a JSON value',
  accepts: () => false,
  fromText: (text: string, parseJson: (text: string) => unknown): unknown => parseJson(text),
  toText: (value: unknown): string => JSON.stringify(value),
  toColumnDefault: (value: unknown): string => JSON.stringify(value),
  editor: 'json',
  conversions: {
    text: AS_IT_IS,
    integer: AS_IT_IS,
    number: AS_IT_IS,
    decimal: AS_IT_IS,
    boolean: AS_IT_IS,
    uuid: AS_IT_IS,
    timestamp: { isLossless: true, convert: toUtc },
  },
} as const;

const JSON_TYPE = {
  ...JSON_VALUE,
  name: 'json',
  schema: Type.Unsafe<JsonValue>({}),
  merge: mergePatch,
};

const check = optionsOf<FieldOptions<JsonValue>>('json()', COMMON);

/**
 * Any JSON value, stored as received. For known shapes, `object()` and `list()` validate more.
 *
 * @example
 * json({ default: {} });
 */
export function json<const O extends FieldOptions<JsonValue> = FieldOptions<JsonValue>>(
  options?: O,
): Field<Faces<JsonValue, O>> {
  return field(JSON_TYPE, options, check);
}

/** Merges a patch into a value (RFC 7396, section 2). */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key);
    else result.set(key, mergePatch(result.get(key), value));
  }
  return Object.fromEntries(result);
}
