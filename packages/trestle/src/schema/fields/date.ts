import { Type } from 'typebox';
import { toUtc } from '../../clock.ts';
import { COMMON } from '../checks/field-options.ts';
import { optionsOf } from '../checks/options.ts';
import { type Faces, type Field, type FieldOptions, field } from '../field.ts';
import { COMPARISONS, type FieldType, fits, only } from '../field-type.ts';

/** `full-date` of RFC 3339, section 5.6, from the year 1 to 9999. As strings, dates sort in the order of time. */
const DATE_SCHEMA = Type.String({
  format: 'date',
  pattern: '^(?!0000)\\d{4}-\\d{2}-\\d{2}$',
  maxLength: 10,
  'x-message': 'must be a calendar date such as 2026-11-21',
});
/** Whether a value is a calendar date. */
export const isDate = fits(DATE_SCHEMA);

const DATE: FieldType = {
  name: 'date',
  column: 'text',
  schema: DATE_SCHEMA,
  maxLength: 10,
  operators: COMPARISONS,
  expected: 'a calendar date (2026-11-21)',
  accepts: isDate,
  fromText: (text) => text,
  toText: String,
  editor: 'date',
  conversions: {
    // A time of day would be lost.
    timestamp: { convert: (value) => /^(.*)T00:00:00\.000Z$/.exec(String(toUtc(value)))?.[1] },
    json: only(isDate),
  },
};

const check = optionsOf<FieldOptions<string>>('date()', COMMON);

/**
 * A calendar date without a time or a zone, `YYYY-MM-DD` (RFC 3339, `full-date`). Compared and sorted in the order of time.
 * A value that is no date of the calendar, such as `2026-02-30`, is refused.
 *
 * @example
 * const loans = resource({ fields: { due: date(), returned: date({ nullable: true, index: true }) } });
 */
export function date<const O extends FieldOptions<string> = FieldOptions<string>>(
  options?: O,
): Field<Faces<string, O>> {
  return field(DATE, options, check);
}
