import { sql } from '../../database/sql.ts';
import { bind, param, statement } from '../../database/statement.ts';
import type { Columns, Executor, Value } from '../../database/store.ts';
import type { Model } from '../model.ts';

/** The rows of link tables: the ids that a row refers to, in their order. */
export interface LinkWriter {
  /** Replaces those of some fields of a row. Answers the columns of the row that hold them. */
  replace(transaction: Executor, row: Value, next: Values, names: readonly string[]): Promise<Columns>;
  /** Adds those of rows that have none yet. */
  insert(transaction: Executor, rows: readonly Values[]): Promise<void>;
}

type Values = Readonly<Record<string, unknown>>;

/** Compiles the writes of the link tables of a resource; undefined where it has none. */
export function linkWriter({ links: fields, dialect, idKind }: Model): LinkWriter | undefined {
  if (fields.length === 0) return undefined;
  const tables = fields.flatMap(({ name, links }) => {
    if (!links) return [];
    const columns = [
      { name: 'row', kind: idKind },
      { name: 'target', kind: links.kind },
      { name: 'position', kind: 'integer' },
    ] as const;
    const clear = statement(
      dialect,
      sql`delete from ${links.table} where ${sql.ref('row')} = ${param('row')}`,
    );
    return [{ name, clear, add: dialect.bulkInsert(links.name, columns) }];
  });
  const add = async (
    transaction: Executor,
    { add: insert, name }: (typeof tables)[number],
    rows: readonly Values[],
  ) => {
    const all = rows.flatMap((row) =>
      (row[name] as readonly Value[]).map((target, at): Value[] => [row.id as Value, target, at]),
    );
    for (const { statement: many, values } of insert(all)) await transaction.all(many, values);
  };
  return {
    async replace(transaction, row, next, names) {
      const written: Record<string, unknown> = {};
      for (const table of tables) {
        if (!names.includes(table.name)) continue;
        await transaction.all(table.clear, bind(table.clear, { row }));
        await add(transaction, table, [{ ...next, id: row }]);
        written[table.name] = JSON.stringify(next[table.name]);
      }
      return written;
    },
    async insert(transaction, rows) {
      for (const table of tables) await add(transaction, table, rows);
    },
  };
}
