import { Type } from 'typebox';
import { COMMON } from '../checks/field-options.ts';
import { optionsOf } from '../checks/options.ts';
import { type Faces, type Field, type FieldOptions, field } from '../field.ts';
import { COMPARISONS, type FieldType, only } from '../field-type.ts';

const TRUTH = new Map([
  ['true', true],
  ['false', false],
  ['1', true],
  ['0', false],
]);

/** All of the type. */
export const BOOLEAN: FieldType = {
  name: 'boolean',
  column: 'boolean',
  schema: Type.Boolean(),
  operators: COMPARISONS,
  expected: 'true or false',
  accepts: (value) => typeof value === 'boolean',
  fromText: (text) => (text === 'true' || text === 'false' ? text === 'true' : text),
  toText: String,
  editor: 'checkbox',
  conversions: {
    integer: { convert: (value) => TRUTH.get(String(value)) },
    number: { convert: (value) => TRUTH.get(String(value)) },
    text: { convert: (value) => TRUTH.get(String(value).toLowerCase()) },
    json: only((value) => typeof value === 'boolean'),
  },
};

const check = optionsOf<FieldOptions<boolean>>('boolean()', COMMON);

/**
 * True or false.
 *
 * @example
 * boolean({ default: false });
 */
export function boolean<const O extends FieldOptions<boolean> = FieldOptions<boolean>>(
  options?: O,
): Field<Faces<boolean, O>> {
  return field(BOOLEAN, options, check);
}
