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
const asJson: Conversion = {
  to: (column, { name }) =>
    name === 'postgres'
      ? sql`to_json(${column})`
      : sql`case when ${column} is not null then json_quote(${column}) end`,
};
const MOST_DIGITS = 15;
const INSTANT = `____-__-__T__:__:__.___Z`;

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
    json: {
      to: (column, { name }) =>
        name === 'postgres'
          ? sql`to_json(${column})`
          : sql`case when ${column} then 'true' when not ${column} then 'false' end`,
    },
  },
  uuid: { text: asText },
  timestamp: {
    text: {
      to: (column, { name }) =>
        name === 'postgres'
          ? sql`to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
          : column,
    },
  },
  text: {
    json: asJson,
    boolean: {
      to: (column) => sql`${column} = 'true'`,
      unfit: (column) => sql`${column} not in ('true', 'false')`,
    },
    integer: {
      to: (column, dialect) => sql`cast(${column} as ${sql.raw(dialect.columnType('integer'))})`,
      unfit: (column, { name }) =>
        name === 'postgres'
          ? sql`${column} !~ ${sql.lit(`^(0|-?[1-9][0-9]{0,${MOST_DIGITS - 1}})$`)}`
          : sql`cast(cast(${column} as integer) as text) <> ${column} or length(ltrim(${column}, '-')) > ${sql.lit(MOST_DIGITS)}`,
    },
    uuid: {
      to: (column, dialect) => sql`cast(${column} as ${sql.raw(dialect.columnType('uuid'))})`,
      unfit: (column, { name }) =>
        name === 'postgres'
          ? sql`${column} !~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'`
          : sql`${column} not like '________-____-____-____-____________' or replace(${column}, '-', '') glob '*[^0-9a-f]*' or length(replace(${column}, '-', '')) <> 32`,
    },
    timestamp: {
      to: (column, { name }) => (name === 'postgres' ? sql`cast(${column} as timestamptz)` : column),
      unfit: (column, { name }) =>
        name === 'postgres'
          ? sql`${column} not like ${sql.lit(INSTANT)} or ${column} !~ '^[0-9T:.Z-]+$'`
          : sql`strftime('%Y-%m-%dT%H:%M:%fZ', ${column}) is not ${column}`,
    },
  },
};

/** How values of `from` become values of `to`; undefined where they cannot. */
export function conversion(from: StoredKind, to: StoredKind): Conversion | undefined {
  return from === to ? same : CONVERSIONS[from]?.[to];
}
