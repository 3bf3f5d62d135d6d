// A connection with all the prepared statements that it keeps prepares the next in place of the one used longest ago, and keeps those in use.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it, type TestContext } from 'node:test';
import { openSqlite } from '../../src/database/sqlite/open-sqlite.ts';
import type { Statement } from '../../src/database/statement.ts';
import type { Executor } from '../../src/database/store.ts';
import { OnPostgres } from '../database/postgres/on-postgres.ts';
import { temporaryFolder } from '../processes.ts';

const KEPT = 500;
const number = (n: number): Statement => ({ name: `n${n}`, sql: `select ${n} as n`, slots: [] });
const ask = async (executor: Executor, n: number) =>
  assert.deepEqual(await executor.all(number(n), []), [{ n }]);

describe('prepared statements of a connection to PostgreSQL', () => {
  const ground = new OnPostgres();
  /** One connection, and the names of the statements that the server has prepared on it. */
  async function one() {
    const store = await ground.open({ poolSize: 1 });
    const query = { name: '', sql: 'select name from pg_prepared_statements', slots: [] };
    const names = async () => new Set((await store.all(query, [])).map(({ name }) => name));
    return { store, names };
  }

  it('are those used last', async () => {
    const { store, names } = await one();
    for (let n = 0; n < 1_300; n += 1) {
      await ask(store, n);
      // In use all the time, as those of the app's own routes are.
      await ask(store, 0);
    }
    const last = Array.from({ length: KEPT - 1 }, (_, at) => `n${1_300 - KEPT + 1 + at}`);
    assert.deepEqual((await names()).symmetricDifference(new Set(['n0', ...last])), new Set());
    // What was closed is prepared once more.
    for (const n of [1, 700, 1_299, 2]) await ask(store, n);
    const now = await names();
    assert.equal(now.size, KEPT);
    for (const name of ['n0', 'n1', 'n2', 'n700', 'n1299']) assert.ok(now.has(name), name);
  });

  it('are replaced between statements that travel together, and in transactions that fail', async () => {
    const { store, names } = await one();
    const all = Array.from({ length: 700 }, (_, n) => n);
    // All at once, forwards and backwards: many are closed while others are on their way.
    await Promise.all([...all, ...all.toReversed()].map((n) => ask(store, n)));
    assert.equal((await names()).size, KEPT);
    await store.write(async (transaction) => {
      await Promise.all(all.map((n) => ask(transaction, n)));
    });
    const failed = store.write(async (transaction) => {
      const wrong = { name: 'wrong', sql: 'select 1 / 0 as n', slots: [] };
      const others = all.map((n) => number(1_000 + n));
      await Promise.allSettled([wrong, ...others].map((each) => transaction.all(each, [])));
    });
    await assert.rejects(failed, { code: 'invalid' });
    for (const n of [...all, ...all.map((each) => 1_000 + each)]) await ask(store, n);
    assert.equal((await names()).size, KEPT);
  });
});

describe('prepared statements of a connection to SQLite', () => {
  /** Counts how often texts are prepared. */
  function watched(t: TestContext) {
    const times = new Map<string, number>();
    const { prepare } = DatabaseSync.prototype;
    t.mock.method(DatabaseSync.prototype, 'prepare', function (this: DatabaseSync, text: string) {
      times.set(text, (times.get(text) ?? 0) + 1);
      return prepare.call(this, text);
    });
    return times;
  }

  it('are those used last', async (t) => {
    const times = watched(t);
    const store = openSqlite(join(temporaryFolder(), 'kept.db'));
    t.after(() => store.close());
    for (let n = 0; n < 1_300; n += 1) {
      await ask(store, n);
      await ask(store, 0);
    }
    assert.equal(times.get(number(0).sql), 1);
    assert.equal(times.get(number(1_299).sql), 1);
    await ask(store, 1);
    assert.equal(times.get(number(1).sql), 2);
  });
});
