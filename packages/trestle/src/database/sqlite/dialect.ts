import { caseVariants } from '../case-folding.ts';
import type { Dialect, StoredKind } from '../dialect.ts';
import { sql } from '../sql.ts';
import type { Value } from '../store.ts';

const COLUMN_TYPES: Readonly<Record<StoredKind, string>> = {
  text: 'text',
  integer: 'integer',
  number: 'real',
  boolean: 'integer',
  timestamp: 'text',
  json: 'text',
  uuid: 'text',
};

function encode(kind: StoredKind, value: unknown): Value {
  if (value === null || value === undefined) return null;
  if (kind === 'json') return JSON.stringify(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'string' || typeof value === 'number') return value;
  throw new TypeError(`cannot keep a ${typeof value} in a ${kind} column`);
}

/** SQLite's side of the differences. LIKE folds ASCII letters only, as ILIKE does under COLLATE "C". */
export const sqliteDialect: Dialect = {
  name: 'sqlite',
  text: (query) => query.sql,
  columnType: (kind) => COLUMN_TYPES[kind],
  countingId: 'integer primary key autoincrement',
  encode,
  decoder(kind) {
    if (kind === 'boolean') return (value) => value === 1;
    if (kind === 'json') return (value) => JSON.parse(String(value));
    return undefined;
  },
  within: (column, values) => sql`${column} in (select value from json_each(${values}))`,
  listed: (values) => sql`json_each(${values})`,
  encodeList: (values) => JSON.stringify(values),
  texts: {
    // 1,500 rows looked through in 260 µs; instr() takes 310.
    contains: (column, text) => sql`${column} glob ${text}`,
    icontains: (column, text) => sql`${column} like ${text} escape '\\'`,
    // A class for each letter: 1,500 rows in 2.4 ms, where LIKE takes 0.5. A function of JavaScript that folds takes 1 to 2.
    icontainsUnicode: (column, text) => sql`${column} glob ${text}`,
    starts: (column, text) => sql`substr(${column}, 1, length(${text})) = ${text}`,
    ends: (column, text) => sql`(length(${text}) = 0 or substr(${column}, -length(${text})) = ${text})`,
  },
  pattern: (match, text) => {
    if (match === 'contains') return `*${text.replace(/[*?[]/g, '[$&]')}*`;
    if (match === 'icontainsUnicode')
      return `*${caseVariants(text)
        .map((each) => (/^[^*?[]$/u.test(each) ? each : `[${each}]`))
        .join('')}*`;
    return match === 'icontains' ? `%${text.replace(/[\\%_]/g, '\\$&')}%` : text;
  },
  withoutIndex: (name) => sql`+${sql.ref(name)}`,
  forUpdate: sql``,
  skipLocked: sql``,
  clock: sql`unixepoch('subsec')`,
  now: sql`strftime('%Y-%m-%dT%H:%M:%fZ', 'now')`,
};
