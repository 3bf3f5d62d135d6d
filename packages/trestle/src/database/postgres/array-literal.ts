import type { Value } from '../store.ts';

/** Values as the text of a PostgreSQL array (manual, section 8.15.2): `{"a","b",NULL}`. */
export function arrayLiteral(values: readonly Value[]): string {
  return `{${values
    .map((value: Value) => {
      if (value === null) return 'NULL';
      if (typeof value === 'string') return `"${value.replace(/["\\]/g, '\\$&')}"`;
      if (typeof value === 'object') return `"\\\\x${Buffer.from(value).toString('hex')}"`;
      return String(value);
    })
    .join(',')}}`;
}
