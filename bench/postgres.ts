import { createDatabase, startPostgres } from '../packages/trestle/test/postgres-server.ts';
import type { Candidate } from './candidate.ts';

/** PostgreSQL as it ships, but for memory: every commit is on disk before it is answered. */
const SETTINGS = { fsync: 'on', full_page_writes: 'on', shared_buffers: '256MB' };

/** Starts a PostgreSQL where a server needs one, and gives each its own database. */
export async function withDatabases<T>(
  candidates: readonly Candidate[],
  work: (databaseOf: (candidate: Candidate) => Promise<string | undefined>) => Promise<T>,
): Promise<T> {
  if (!candidates.some(({ store }) => store === 'postgres')) return work(async () => undefined);
  const server = await startPostgres(SETTINGS);
  try {
    return await work(async ({ store }) => (store === 'postgres' ? createDatabase(server.url) : undefined));
  } finally {
    await server.stop();
  }
}
