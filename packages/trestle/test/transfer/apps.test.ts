import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { serveApp } from 'trestle/testing';
import { type Ended, run, temporaryFolder } from '../cli/process.ts';
import { createDatabase, dropDatabase } from '../postgres-server.ts';
import { type Place, postgresUrl } from '../stores.ts';
import { type Call, type Held, USES, type Use } from './uses.ts';

const ROOT = resolve(import.meta.dirname, '../../../..');

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

function lineOf({ stdout }: Ended, table: string): string | undefined {
  return stdout.split('\n').find((line) => line.startsWith(`  ${table} `));
}

before(() => {
  process.env.TRESTLE_PACKAGES_SIMULATED_SECONDS = '0.05';
});
after(() => {
  delete process.env.TRESTLE_PACKAGES_SIMULATED_SECONDS;
});

for (const use of USES)
  describe(`a database made by use of ${use.app.name}`, () => {
    const { name } = use.app;
    const first = temporaryFolder();
    const last = temporaryFolder();
    let database = '';
    let held: Held = {};
    let there: unknown[] = [];

    const copy = async (from: string, to: string): Promise<Ended> => {
      const ended = await run(['copy', `apps/${name}`, '--from', from, '--to', to], { cwd: ROOT });
      assert.equal(ended.code, 0, ended.stderr);
      assert.match(ended.stdout, /read back: the same rows on both sides/);
      return ended;
    };
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

    let digests: (string | undefined)[] = [];
    // Not of keys: a key that is used is written to.
    const tables = [
      '_trestle_accounts',
      '_trestle_operations',
      '_trestle_moves',
      ...Object.keys(use.app.resources),
    ];

    it('answers from PostgreSQL as it did from SQLite', async () => {
      const copied = await copy(`sqlite:${first}`, database);
      digests = tables.map((table) => lineOf(copied, table));
      assert(digests.every((line) => line !== undefined));
      // Its signing secret is in the data folder, which stays.
      assert.deepEqual(await answersOf(use, { data: first, database }, held), there);
    });

    it('comes back to SQLite as it went', async () => {
      const copied = await copy(database, `sqlite:${last}`);
      assert.deepEqual(
        tables.map((table) => lineOf(copied, table)),
        digests,
      );
      copyFileSync(join(first, 'signing-secret'), join(last, 'signing-secret'));
      assert.deepEqual(await answersOf(use, { data: last }, held), there);
    });

    it('goes on on both: passwords, tokens and keys serve, and no id is given twice', async () => {
      await goesOn({ data: first, database }, use.next);
      await goesOn({ data: last }, use.next);
    });
  });
