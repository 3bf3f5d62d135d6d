import { Type } from 'typebox';
import { Compile } from 'typebox/schema';
import { COMMON, RENAME } from '../checks/field-options.ts';
import { aBoolean, optionsOf } from '../checks/options.ts';
import { type Faces, type Field, type FieldOptions, field, type ServerSet } from '../field.ts';
import { COMPARISONS, type Write } from '../field-type.ts';

/**
 * RFC 3339 with an offset; the fraction may be left out. What is stored and answered is UTC to the millisecond.
 * Left out are instants whose year in UTC has not four digits, or is 0: PostgreSQL has no year 0.
 */
const RFC3339 =
  '^(?!0000|0001-01-01.*\\+|9999-12-31.*(?:-\\d{2}:|:60))\\d{4}-\\d{2}-\\d{2}[Tt]\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,9})?([Zz]|[+-]\\d{2}:\\d{2})$';

const schema = Type.String({ format: 'date-time', pattern: RFC3339, maxLength: 40 });

const instants = Compile(schema);

/** Whether a value is an instant that can be stored. */
export function isInstant(value: unknown): boolean {
  return instants.Check(value);
}

const INSTANT = {
  column: 'timestamp',
  schema,
  operators: COMPARISONS,
  expected: 'an instant (RFC 3339)',
  accepts: isInstant,
  fromText: (text: string): unknown => text,
  toText: String,
  editor: 'timestamp',
  complete: toUtc,
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

type InstantOptions = Pick<FieldOptions<string>, 'index' | 'was'>;

/**
 * The instant the row was created; set by the server, never by a caller.
 *
 * @example
 * resource({ fields: { created_at: createdAt() }, order: '-created_at' });
 */
export function createdAt(options?: InstantOptions): Field<ServerSet<string>> {
  const server = { created: now, edited: () => undefined, older: 'now' } as const;
  return field({ ...INSTANT, name: 'createdAt', server }, options, checkCreated);
}

/**
 * The instant of the last change; initially that of `createdAt`. Counting a read does not change it.
 *
 * @example
 * resource({ fields: { updated_at: updatedAt() }, order: '-updated_at' });
 */
export function updatedAt(options?: InstantOptions): Field<ServerSet<string>> {
  const server = { created: now, edited: now, onSetNull: true, older: 'now' } as const;
  return field({ ...INSTANT, name: 'updatedAt', server }, options, checkUpdated);
}

function now(write: Write): string {
  return write.now;
}

/**
 * An instant in UTC, to the millisecond. A leap second is the first of the next minute, as PostgreSQL has it; `Date`
 * knows none.
 */
export function toUtc(value: unknown): unknown {
  const [, before = '', after = ''] = /^(.{17})60(.*)$/.exec(String(value)) ?? [];
  const instant = before ? Date.parse(`${before}59${after}`) + 1000 : Date.parse(String(value));
  return Number.isNaN(instant) ? value : new Date(instant).toISOString();
}
