import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { serveApp } from 'trestle/testing';
import { migrate } from '../../../src/database/migrations/migrate.ts';
import { openStore } from '../../../src/database/open-store.ts';
import { type Moved, transfer } from '../../../src/database/transfer/transfer.ts';
import { tablesOfApp } from '../../../src/engine.ts';
import { createDatabase, dropDatabase } from '../../postgres-server.ts';
import { temporaryFolder } from '../../processes.ts';
import { type Place, postgresUrl } from '../../stores.ts';
import { type Call, type Held, USES, type Use } from './uses.ts';

/** Serves an app for as long as some work takes. */
async function served<T>(
  use: Use,
  place: Place,
  work: (call: Call, administrator: string) => Promise<T>,
): Promise<T> {
  const server = await serveApp(use.app, place);
  try {
    return await work(server.call, server.administrator);
  } finally {
    await server.close();
  }
}

/** The answers of all that must stay as it is. */
function answersOf(use: Use, place: Place, held: Held): Promise<unknown[]> {
  return served(use, place, async (call) => {
    const answers = [];
    for (const { path, ...credentials } of use.reads(held)) {
      const { status, body } = await call('GET', path, credentials);
      assert.equal(status, 200, `${path}: ${JSON.stringify(body)}`);
      answers.push([path, withoutCursors(body)]);
    }
    return answers;
  });
}

/** A cursor is made anew for every answer. */
function withoutCursors(body: unknown): unknown {
  return JSON.parse(
    JSON.stringify(body, (name, value) => (name === 'next' || name === 'prev' ? typeof value : value)),
  );
}

/** Copies one app as the command `copy` does, in this process. */
async function copy({ app }: Use, from: Place, to: Place): Promise<Moved[]> {
  const open = (place: Place) => openStore({ name: app.name, ...place });
  const tables = tablesOfApp(app);
  const [source, target] = [await open(from), await open(to)];
  try {
    await migrate(target, tables);
    return await transfer(source, target, tables);
  } finally {
    await source.close();
    await target.close();
  }
}

before(() => {
  process.env.TRESTLE_PACKAGES_SIMULATED_SECONDS = '0.05';
});
after(() => {
  delete process.env.TRESTLE_PACKAGES_SIMULATED_SECONDS;
});

for (const use of USES)
  describe(`a database made by use of ${use.app.name}`, () => {
    const first = temporaryFolder();
    const last = temporaryFolder();
    let database = '';
    let held: Held = {};
    let there: unknown[] = [];

    /** All that was handed out still works; the next id is one that was never given. */
    const goesOn = (place: Place, next: number) =>
      served(use, place, async (call) => {
        assert.equal((await use.signIn?.(call))?.status ?? 200, 200);
        assert.equal(await use.more(call, held), next);
      });

    before(async () => {
      database = await createDatabase(await postgresUrl());
      held = await served(use, { data: first }, use.begin);
      there = await answersOf(use, { data: first }, held);
    });
    after(() => dropDatabase(database));

    let went: Moved[] = [];

    it('answers from PostgreSQL as it did from SQLite', async () => {
      went = await copy(use, { data: first }, { data: first, database });
      assert(went.some(({ table, rows }) => table in use.app.resources && rows > 0));
      // Its signing secret is in the data folder, which stays.
      assert.deepEqual(await answersOf(use, { data: first, database }, held), there);
    });

    it('comes back to SQLite as it went', async () => {
      const came = await copy(use, { data: first, database }, { data: last });
      // A key that was used in between has been written to.
      const unused = ({ table }: Moved) => !table.startsWith('_trestle_key');
      assert.deepEqual(came.filter(unused), went.filter(unused));
      copyFileSync(join(first, 'signing-secret'), join(last, 'signing-secret'));
      assert.deepEqual(await answersOf(use, { data: last }, held), there);
    });

    it('goes on on both: passwords, tokens and keys serve, and no id is given twice', async () => {
      await goesOn({ data: first, database }, use.next);
      await goesOn({ data: last }, use.next);
    });
  });
