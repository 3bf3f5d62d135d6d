import { Type } from 'typebox';
import { COMMON } from '../../checks/field-options.ts';
import { optionsOf } from '../../checks/options.ts';
import { type Faces, type Field, type FieldOptions, field } from '../../field.ts';
import { type FieldType, STRING } from '../../field-type.ts';

/** A valid e-mail address as HTML has it (https://html.spec.whatwg.org/#valid-e-mail-address). */
const LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?';
const PATTERN = `^[a-zA-Z0-9.!#$%&'*+/=?^_\`{|}~-]{1,64}@${LABEL}(?:\\.${LABEL})*$`;
/** RFC 5321, 4.5.3.1.3, without the angle brackets. */
const MAX_LENGTH = 254;

const EMAIL: FieldType = {
  name: 'email',
  column: 'text',
  ...STRING,
  schema: Type.String({
    pattern: PATTERN,
    maxLength: MAX_LENGTH,
    'x-message': 'must be an e-mail address such as ann@example.org',
  }),
  maxLength: MAX_LENGTH,
  editor: 'email',
  normalize: (value) =>
    typeof value === 'string' ? value.trim().replace(/@[^@]*$/, (domain) => domain.toLowerCase()) : value,
};

const check = optionsOf<FieldOptions<string>>('email()', COMMON);

/**
 * An e-mail address, without white space around it, its domain in lower case. That it exists is not checked.
 *
 * @example
 * const members = resource({ fields: { address: email({ unique: true }) } });
 */
export function email<const O extends FieldOptions<string> = FieldOptions<string>>(
  options?: O,
): Field<Faces<string, O>> {
  return field(EMAIL, options, check);
}
