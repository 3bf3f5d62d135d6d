import { Type } from 'typebox';
import { COMMON } from '../../checks/field-options.ts';
import { aCount, optionsOf } from '../../checks/options.ts';
import { type Faces, type Field, type FieldOptions, field } from '../../field.ts';
import { type FieldType, STRING } from '../../field-type.ts';

/** Options of `url()`. */
export interface UrlOptions extends FieldOptions<string> {
  /** Maximum length in characters (default: 2,000; where it is in an index, 500). */
  max?: number;
}

const MAX_LENGTH = 2000;
const MAX_INDEXED_LENGTH = 500;

/** Characters of RFC 3986 alone; a host without a user name, so that no password is ever kept in one. */
const PATTERN = "^[Hh][Tt][Tt][Pp][Ss]?://[A-Za-z0-9.\\-_~%!$&'()*+,;=\\[\\]:]+([/?#][!-~]*)?$";

const check = optionsOf<UrlOptions>('url()', { ...COMMON, max: aCount });

/**
 * An absolute address of the web, `http://` or `https://`, kept as it was sent, without white space around it. An address
 * with a user name or characters beyond ASCII is refused: browsers write those percent-encoded.
 *
 * @example
 * const links = resource({ fields: { target: url({ unique: true }), icon: url({ nullable: true }) } });
 */
export function url<const O extends UrlOptions = UrlOptions>(options?: O): Field<Faces<string, O>> {
  return field(urlType(options?.max, MAX_LENGTH), options, check);
}

function urlType(max: number | undefined, defaultMax: number): FieldType {
  const maxLength = max ?? defaultMax;
  return {
    name: 'url',
    column: 'text',
    ...STRING,
    schema: Type.String({
      format: 'uri',
      pattern: PATTERN,
      maxLength,
      'x-message': 'must be an http or https URL such as https://example.org/page',
    }),
    maxLength,
    editor: 'url',
    normalize: (value) => (typeof value === 'string' ? value.trim() : value),
    ...(max === undefined && { indexed: () => urlType(max, MAX_INDEXED_LENGTH) }),
  };
}
