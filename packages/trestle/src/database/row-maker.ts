import type { Columns } from './store.ts';

export type RowMaker = (values: unknown) => Columns;

/**
 * Compiles the object literal of some columns, as TypeBox compiles its checks. The drivers' own objects are dictionaries:
 * reading 30 rows of SQLite as lists, making literals of them and JSON of those took 25 µs; with the driver's objects it
 * took 37 µs, with a loop over the names 38 µs.
 */
export function rowMaker(columns: readonly string[]): RowMaker {
  const members = columns.map((name, at) => `${JSON.stringify(name)}: values[${at}]`);
  // The names are of declared fields, or written in this package; as JSON texts they can be nothing but names.
  return new Function('values', `return { ${members.join(', ')} };`) as RowMaker;
}

/** A column of a row, and what makes its value of the driver's; undefined where that is the value. */
interface DecodedColumn {
  readonly name: string;
  readonly decode: ((value: unknown) => unknown) | undefined;
  /** The column that has it (default: of its name). */
  readonly from?: string;
  /** Another column: the value is left out of rows where that is false. */
  readonly flag?: string;
}

/** Compiles the object literal of a row, with its version under a symbol where one is given. */
export function rowDecoder<T>(columns: readonly DecodedColumn[], version?: symbol): (row: Columns) => T {
  const members = columns.map(({ name, decode, flag, from = name }, at) => {
    const key = JSON.stringify(name);
    const value = `row[${JSON.stringify(from)}]`;
    const member = `${key}: ${decode ? `${value} === null ? null : columns[${at}].decode(${value})` : value}`;
    return flag ? `...(row[${JSON.stringify(flag)}] ? { ${member} } : undefined)` : member;
  });
  if (version) members.push('[version]: Number(row._version)');
  const make = new Function('columns', 'version', `return (row) => ({ ${members.join(', ')} });`);
  return make(columns, version);
}
