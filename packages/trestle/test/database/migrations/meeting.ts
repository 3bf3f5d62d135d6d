import { join } from 'node:path';
import { openPostgres } from '../../../src/database/postgres/open-postgres.ts';
import { openSqlite } from '../../../src/database/sqlite/open-sqlite.ts';
import type { Store } from '../../../src/database/store.ts';
import type { Place } from '../../stores.ts';

/** One database of a place, for several to open: as the words a process is told, and here. Close what you open. */
export function meeting(
  { data, database }: Place,
  name: string,
): { args: string[]; open: () => Promise<Store> } {
  if (database)
    return { args: ['postgres', database, name], open: () => openPostgres(database, { schema: name }) };
  const file = join(data, `${name}.db`);
  return { args: ['sqlite', file], open: async () => openSqlite(file) };
}
