import { after } from 'node:test';
import { openPostgres, type PostgresOptions } from '../../../src/database/postgres/open-postgres.ts';
import type { PostgresStore } from '../../../src/database/postgres/postgres-store.ts';
import { asAdministrator, createDatabase, dropDatabase } from '../../postgres-server.ts';
import { postgresUrl } from '../../stores.ts';

/** One new database for the tests around, and stores on it that are closed when they have run. */
export class OnPostgres {
  readonly #undo: (() => Promise<unknown>)[] = [];
  #url: Promise<string> | undefined;

  constructor() {
    after(async () => {
      for (const step of this.#undo.reverse()) await step();
    });
  }

  /** The database's URL. */
  url(): Promise<string> {
    this.#url ??= postgresUrl().then(async (server) => {
      const url = await createDatabase(server);
      this.#undo.unshift(() => dropDatabase(url));
      return url;
    });
    return this.#url;
  }

  async open(options: Partial<PostgresOptions> = {}, url?: string): Promise<PostgresStore> {
    const store = await openPostgres(url ?? (await this.url()), { schema: 'app', ...options });
    this.#undo.push(() => store.close());
    return store;
  }

  /** Runs SQL beside the stores. */
  async run(text: string): Promise<Record<string, unknown>[]> {
    return asAdministrator(await this.url(), `set search_path to app; ${text}`);
  }

  /** Does this when the tests have run. */
  finally(step: () => Promise<unknown>): void {
    this.#undo.push(step);
  }
}
