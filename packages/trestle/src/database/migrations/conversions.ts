import type { Dialect, StoredKind } from '../dialect.ts';
import { type Sql, sql } from '../sql.ts';

type Expression = (column: Sql, dialect: Dialect) => Sql;

/** How the values of one kind become those of another. */
export interface Conversion {
  readonly to: Expression;
  /** Given for a narrowing: true for values that do not fit. They must not be there. */
  readonly unfit?: Expression;
}

const same: Conversion = { to: (column) => column };
const asText: Conversion = { to: (column) => sql`cast(${column} as text)` };
const asJson: Conversion = { to: (column, { conversions }) => conversions.json(column) };
/** Digits of text that becomes an integer, at most. */
const MAX_DIGITS = 15;

/** From kind to kind; what is not here cannot be converted: such a column is dropped and added anew. */
const CONVERSIONS: Partial<Record<StoredKind, Partial<Record<StoredKind, Conversion>>>> = {
  integer: {
    number: { to: (column, dialect) => sql`cast(${column} as ${sql.raw(dialect.columnType('number'))})` },
    text: asText,
    json: asJson,
    boolean: { to: (column) => sql`${column} = 1`, unfit: (column) => sql`${column} not in (0, 1)` },
  },
  number: {
    json: asJson,
    integer: {
      to: (column, dialect) => sql`cast(${column} as ${sql.raw(dialect.columnType('integer'))})`,
      unfit: (column) =>
        sql`${column} <> round(${column}) or abs(${column}) > ${sql.lit(Number.MAX_SAFE_INTEGER)}`,
    },
  },
  boolean: {
    integer: { to: (column) => sql`case when ${column} then 1 when not ${column} then 0 end` },
    text: { to: (column) => sql`case when ${column} then 'true' when not ${column} then 'false' end` },
    json: { to: (column, { conversions }) => conversions.jsonOfBoolean(column) },
  },
  uuid: { text: asText },
  timestamp: {
    text: { to: (column, { conversions }) => conversions.textOfTimestamp(column) },
  },
  text: {
    json: asJson,
    boolean: {
      to: (column) => sql`${column} = 'true'`,
      unfit: (column) => sql`${column} not in ('true', 'false')`,
    },
    integer: {
      to: (column, dialect) => sql`cast(${column} as ${sql.raw(dialect.columnType('integer'))})`,
      unfit: (column, { conversions }) => conversions.unfitInteger(column, MAX_DIGITS),
    },
    uuid: {
      to: (column, dialect) => sql`cast(${column} as ${sql.raw(dialect.columnType('uuid'))})`,
      unfit: (column, { conversions }) => conversions.unfitUuid(column),
    },
    timestamp: {
      to: (column, { conversions }) => conversions.timestampOfText(column),
      unfit: (column, { conversions }) => conversions.unfitTimestamp(column),
    },
  },
};

/** How values of `from` become values of `to`; undefined where they cannot. */
export function conversion(from: StoredKind, to: StoredKind): Conversion | undefined {
  return from === to ? same : CONVERSIONS[from]?.[to];
}
