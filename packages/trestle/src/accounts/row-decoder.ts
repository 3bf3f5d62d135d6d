import type { Dialect } from '../database/dialect.ts';
import type { Columns } from '../database/store.ts';
import type { StoredKind } from '../schema/field-type.ts';

/** Turns a driver's row into one of ours; columns that are not named are left out. Compiled once. */
export function rowDecoder<Row extends object>(
  dialect: Dialect,
  kinds: Readonly<Record<keyof Row & string, StoredKind>>,
): (columns: Columns) => Row {
  const columns = Object.entries<StoredKind>(kinds).map(([name, kind]) => ({
    name,
    decode: dialect.decoder(kind),
  }));
  return (given) => {
    const row: Record<string, unknown> = {};
    for (const { name, decode } of columns) {
      const value = given[name];
      row[name] = decode && value !== null ? decode(value) : value;
    }
    // The edge of the type system: what the kinds say of the columns is what the tables were made with.
    return row as Row;
  };
}
