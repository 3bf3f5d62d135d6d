import { type PostgresServer, startPostgres } from './postgres-server.ts';

/**
 * One PostgreSQL for all test files of a run: `node --test --test-global-setup=packages/trestle/test/global-setup.ts`.
 * Without it, every test file that needs one starts its own.
 */
let server: PostgresServer | undefined;

export async function globalSetup(): Promise<void> {
  if (process.env.TRESTLE_TEST_DATABASE_URL) return;
  server = await startPostgres();
  process.env.TRESTLE_TEST_DATABASE_URL = server.url;
}

export async function globalTeardown(): Promise<void> {
  await server?.stop();
}
