import { sql } from '../sql.ts';
import { statement } from '../statement.ts';
import { openPostgres } from './open-postgres.ts';

/** Whether a server is connected to a schema, as far as PostgreSQL shows this user the sessions of others. */
export async function isInUse(url: string, schema: string): Promise<boolean> {
  const store = await openPostgres(url, { schema, application: `trestle-copy ${schema}` });
  try {
    const serving = sql`select count(*) as found from pg_stat_activity
      where datname = current_database() and application_name = ${sql.lit(`trestle ${schema}`)}`;
    const [row] = await store.all(statement(store.dialect, serving), []);
    return Number(row?.found) > 0;
  } finally {
    await store.close();
  }
}
