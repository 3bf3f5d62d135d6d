import { sql } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';
import type { Store } from '../../database/store.ts';
import type { Model } from '../model.ts';
import { csvLine } from './csv.ts';
import type { Format } from './entries.ts';
import { cellsOf, columnsOf } from './row-cells.ts';

/** Rows of one part. */
const PART = 500;

/**
 * All rows of a resource as text, in parts, in the order of their ids and from one snapshot: as `importRows` takes them.
 * Callers' rules are not asked: this is for whoever runs the server.
 */
export async function* exportRows(store: Store, model: Model, format: Format): AsyncGenerator<string> {
  const cells = cellsOf(model);
  if (format === 'csv') yield csvLine(columnsOf(model).map(({ name }) => name));
  const all = statement(
    model.dialect,
    sql`select ${model.columns} from ${model.table} where ${model.live ?? sql`1 = 1`} order by ${sql.ref('id')}`,
  );
  for await (const part of store.stream(all, [], PART))
    yield part
      .map((columns) => {
        const row = model.decode(columns);
        return format === 'csv' ? csvLine(cells(row)) : `${JSON.stringify(row)}\n`;
      })
      .join('');
}
