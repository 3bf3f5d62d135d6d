import type { Field, FieldOptions, RenameOptions } from '../field.ts';
import { aBoolean, anything, aString, isObject, type OptionTable } from './options.ts';

/** The checks of the option of fields that take no others. */
export const RENAME: OptionTable<RenameOptions> = { was: aString };

/** The checks of the options that every writable field takes. A default is checked against the field's schema. */
export const COMMON: OptionTable<FieldOptions<unknown>> = {
  nullable: aBoolean,
  default: anything,
  unique: aBoolean,
  index: aBoolean,
  ...RENAME,
};

/** Whether a value was made by one of the functions of `fields/`. */
export function isField(value: unknown): value is Field {
  return isObject(value) && isObject(value.type) && isObject(value.type.schema);
}
