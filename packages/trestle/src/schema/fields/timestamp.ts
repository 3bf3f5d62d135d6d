import { Type } from 'typebox';
import { toUtc } from '../../clock.ts';
import { COMMON, RENAME } from '../checks/field-options.ts';
import { aBoolean, optionsOf } from '../checks/options.ts';
import { type Faces, type Field, type FieldOptions, field, type ServerSet } from '../field.ts';
import { COMPARISONS, fits } from '../field-type.ts';
import { isDate } from './date.ts';

/**
 * RFC 3339 with an offset; the fraction may be left out. What is stored and answered is UTC to the millisecond.
 * Left out are instants whose year in UTC has not four digits, or is 0: PostgreSQL has no year 0.
 */
const RFC3339 =
  '^(?!0000|0001-01-01.*\\+|9999-12-31.*(?:-\\d{2}:|:60))\\d{4}-\\d{2}-\\d{2}[Tt]\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,9})?([Zz]|[+-]\\d{2}:\\d{2})$';

const schema = Type.String({ format: 'date-time', pattern: RFC3339, maxLength: 40 });

/** Whether a value is an instant that can be stored. */
export const isInstant = fits(schema);

const INSTANT = {
  column: 'timestamp',
  schema,
  operators: COMPARISONS,
  expected: 'an instant (RFC 3339)',
  accepts: isInstant,
  // Python's %z, and with it the clients of openapi-generator, write offsets without a colon.
  fromText: (text: string): unknown => text.replace(/(T.*[+-]\d{2})(\d{2})$/i, '$1:$2'),
  toText: String,
  editor: 'timestamp',
  complete: toUtc,
  conversions: {
    text: { convert: asInstant },
    json: { convert: asInstant },
  },
} as const;

const check = optionsOf<FieldOptions<string>>('timestamp()', COMMON);
const checkCreated = optionsOf<InstantOptions>('createdAt()', { ...RENAME, index: aBoolean });
const checkUpdated = optionsOf<InstantOptions>('updatedAt()', { ...RENAME, index: aBoolean });

/**
 * An instant, RFC 3339 on the wire (`2026-11-21T07:48:39.123Z`), stored in UTC to the millisecond.
 *
 * @example
 * timestamp({ nullable: true, index: true });
 */
export function timestamp<const O extends FieldOptions<string> = FieldOptions<string>>(
  options?: O,
): Field<Faces<string, O>> {
  return field({ ...INSTANT, name: 'timestamp' }, options, check);
}

/** Options of `createdAt()` and `updatedAt()`. */
export type InstantOptions = Pick<FieldOptions<string>, 'index' | 'was' | 'can'>;

/**
 * The instant the row was created; set by the server, never by a caller.
 *
 * @example
 * resource({ fields: { created_at: createdAt() }, order: '-created_at' });
 */
export function createdAt(options?: InstantOptions): Field<ServerSet<string>> {
  const server = { created: 'now', older: 'now' } as const;
  return field({ ...INSTANT, name: 'createdAt', server }, options, checkCreated);
}

/**
 * The instant of the last change; initially that of `createdAt`. Counting a read does not change it.
 *
 * @example
 * resource({ fields: { updated_at: updatedAt() }, order: '-updated_at' });
 */
export function updatedAt(options?: InstantOptions): Field<ServerSet<string>> {
  const server = { created: 'now', edited: 'now', onSetNull: true, older: 'now' } as const;
  return field({ ...INSTANT, name: 'updatedAt', server }, options, checkUpdated);
}

/** A text as an instant: RFC 3339, with a blank in place of the T too (section 5.6); a date is its first instant in UTC. */
function asInstant(value: unknown): unknown {
  const text = String(value).replace(/^(.{10}) /, '$1T');
  const instant = isDate(text) ? `${text}T00:00:00Z` : text;
  return isInstant(instant) ? instant : undefined;
}
