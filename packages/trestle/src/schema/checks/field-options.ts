import { isDeepStrictEqual } from 'node:util';
import type { Field, FieldOptions, RenameOptions } from '../field.ts';
import { aBoolean, aString, expects, isObject, type OptionTable } from './options.ts';
import { rulesFor } from './rule-options.ts';

/** The checks of the option of fields that take no others. */
export const RENAME: OptionTable<RenameOptions> = {
  was: aString,
  can: rulesFor(['read', 'create', 'update']),
};

/** The checks of the options that every writable field takes. A default is checked against the field's schema. */
// A default is the same once it was written as JSON: no NaN, no `undefined`, no `Date`.
export const COMMON: OptionTable<FieldOptions<unknown>> = {
  nullable: aBoolean,
  default: expects('a JSON value', (value: unknown) => {
    if (typeof value === 'bigint' || typeof value === 'function' || typeof value === 'symbol') return false;
    return isDeepStrictEqual(JSON.parse(JSON.stringify(value)), value);
  }),
  unique: aBoolean,
  index: aBoolean,
  ...RENAME,
};

/** Whether a value was made by one of the functions of `fields/`. */
export function isField(value: unknown): value is Field {
  return isObject(value) && isObject(value.type) && isObject(value.type.schema);
}
