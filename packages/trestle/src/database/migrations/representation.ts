import { createHash } from 'node:crypto';
import { sql } from '../sql.ts';
import { statement } from '../statement.ts';
import type { Store } from '../store.ts';
import type { Table } from '../table.ts';
import { decoded, HISTORY } from './history.ts';

/** A short tag for how a table's rows are represented; `shape` is what the declaration adds, as JSON. */
export type RepresentationTag = (table: string, shape: unknown) => string;

/**
 * Reads what tells one representation of a table from another: the last migration that changed its columns, the last restore
 * of a backup, and the database itself (what pg_restore writes is another one). The tag is the second half of a strong ETag:
 * the version of a row stays where its representation changes without a write (RFC 9110, 8.8.1).
 */
export async function representationTags(store: Store): Promise<RepresentationTag> {
  const { dialect } = store;
  const names = sql.join(['applied_at', 'tables'].map((name) => sql.ref(name)));
  const history = statement(
    dialect,
    sql`select ${names} from ${sql.table(HISTORY.name)} order by ${sql.ref('sequence')}`,
  );
  const [identity] = await store.all(statement(dialect, dialect.databaseIdentity(HISTORY.name)), []);
  const since = new Map<string, { columns: string; epoch: string }>();
  let before = '';
  for (const { applied_at: appliedAt, tables } of await store.all(history, [])) {
    // Only a restore writes the state down that is there already.
    if (String(tables) === before) since.clear();
    before = String(tables);
    for (const { name, columns } of decoded<Table[]>(dialect, tables)) {
      const text = JSON.stringify(columns);
      if (since.get(name)?.columns !== text) since.set(name, { columns: text, epoch: String(appliedAt) });
    }
  }
  return (table, shape) => {
    const hash = createHash('sha256').update(
      JSON.stringify([identity?.identity ?? null, table, since.get(table)?.epoch ?? null, shape]),
    );
    return hash.digest().readUInt32BE().toString(36).slice(-4);
  };
}
