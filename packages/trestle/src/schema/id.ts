import { type TSchema, Type } from 'typebox';
import { COMPARISONS, type FieldType, only, STRING } from './field-type.ts';
import { INTEGER } from './fields/integer.ts';

/** A row's id on the wire: a number for `integerId()`, a text for `uuidId()`. */
export type RowId = number | string;

/** How a resource's rows are told apart. */
export interface Id<T extends RowId = RowId> {
  /** The form of an id: a number that counts up, or a UUID. */
  readonly kind: 'integer' | 'uuid' | 'text';
  /** Its values, as those of a field. */
  readonly type: FieldType;
  /** The JSON Schema of an id. */
  readonly schema: TSchema;
  /** The schema of references to it: an id that no row can have is accepted as that of a row that does not exist. */
  readonly referred: TSchema;
  /** A type only. @internal */
  readonly $id?: T;
}

/**
 * Ids that count up from 1. A deleted row's id is never used again.
 *
 * @example
 * resource({ id: integerId(), fields: { title: text() } });
 */
export function integerId(): Id<number> {
  const schema = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
  const referred = Type.Integer({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER });
  return { kind: 'integer', type: { ...INTEGER, name: 'id', schema }, schema, referred };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * UUIDv7 ids (RFC 9562, section 5.7), the default: not guessable, and ordered by creation.
 *
 * @example
 * resource({ id: uuidId(), fields: { title: text() } });
 */
export function uuidId(): Id<string> {
  const schema = Type.String({ format: 'uuid', pattern: UUID.source });
  const type: FieldType = {
    name: 'id',
    column: 'uuid',
    schema,
    operators: COMPARISONS,
    expected: 'a UUID',
    accepts: (value) => typeof value === 'string' && UUID.test(value),
    fromText: (text) => text,
    toText: String,
    editor: 'text',
    conversions: { text: only((value) => typeof value === 'string' && UUID.test(value)) },
  };
  return { kind: 'uuid', type, schema, referred: schema };
}

/** A string that code gives, of a pattern: the ids of the engine's own tables. */
export function textId(pattern: string): Id<string> {
  const schema = Type.String({ pattern });
  return { kind: 'text', type: { name: 'id', column: 'text', ...STRING, schema }, schema, referred: schema };
}
