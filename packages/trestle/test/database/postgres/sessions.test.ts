import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PostgresStore } from '../../../src/database/postgres/postgres-store.ts';
import { sql } from '../../../src/database/sql.ts';
import type { Statement } from '../../../src/database/statement.ts';
import type { Problem } from '../../../src/problems.ts';
import { runSql } from '../../run-sql.ts';
import { TcpProxy } from '../../tcp-proxy.ts';
import { assertUnavailable } from './ledger.ts';
import { OnPostgres } from './on-postgres.ts';

/** A statement of fixed SQL. */
const plain = (sql: string): Statement => ({ name: '', sql, slots: [] });
const named = (name: string, sql: string): Statement => ({ name, sql, slots: [] });
const unavailable = (error: unknown) => {
  assertUnavailable(error);
  return true;
};

/** A read that waits until nobody has the lock, as one that looks at many rows. */
const WAITS = plain('select pg_advisory_xact_lock_shared(7)');
const COST = { rows: 1, perRow: 1, table: sql.table('notes') };

/** Takes the lock, until the function that it gives is called. */
async function lockedAway(store: PostgresStore): Promise<() => Promise<void>> {
  const [locked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const holding = store.write(async (tx) => {
    await tx.all(plain('select pg_advisory_xact_lock(7)'), []);
    locked.resolve();
    await released.promise;
  });
  await locked.promise;
  return () => {
    released.resolve();
    return holding;
  };
}

describe('sessions of PostgreSQL', () => {
  const ground = new OnPostgres();

  /** A store that reaches the server through a proxy. */
  async function behindProxy() {
    const url = new URL(await ground.url());
    const proxy = await TcpProxy.open(Number(url.port));
    ground.finally(() => proxy.close());
    return { store: await ground.open({}, Object.assign(url, { port: proxy.port }).href), proxy };
  }

  test('have limits of time, UTC, a name, and their schema alone', async () => {
    const store = await ground.open();
    const names = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'TimeZone'];
    const settings = [...names, 'application_name', 'search_path'].map(
      (name) => `current_setting('${name}') as "${name}"`,
    );
    const [row] = await store.all(plain(`select ${settings.join(', ')}`), []);
    assert.deepEqual(
      { ...row },
      {
        statement_timeout: '5s',
        lock_timeout: '2s',
        idle_in_transaction_session_timeout: '10s',
        TimeZone: 'UTC',
        application_name: 'trestle app',
        search_path: '""',
      },
    );
  });

  test('end a statement that takes too long, and go on', async () => {
    const store = await ground.open({ statementTimeout: 200 });
    const start = performance.now();
    await assert.rejects(store.all(plain('select pg_sleep(20)'), []), unavailable);
    await assert.rejects(
      store.write((tx) => tx.all(plain('select pg_sleep(20)'), [])),
      unavailable,
    );
    assert.ok(performance.now() - start < 15_000);
    assert.deepEqual(await store.all(plain('select 1 as one'), []), [{ one: 1 }]);
  });

  test('let a patient write take its time', async () => {
    const store = await ground.open({ statementTimeout: 200 });
    const write = store.write((tx) => tx.all(plain('select pg_sleep(0.6)'), []), { patient: true });
    assert.equal((await write).length, 1);
    await assert.rejects(store.all(plain('select pg_sleep(0.6)'), []), unavailable);
  });

  test('do not wait for a lock for ever', async (t) => {
    const store = await ground.open();
    await runSql(store, 'create table locked (id int primary key)');
    await runSql(store, 'insert into locked values (1)');
    const update = plain('update app.locked set id = id');
    const locked = Promise.withResolvers<void>();
    const { promise: holding, resolve: release } = Promise.withResolvers<void>();
    t.after(() => release());
    const first = store.write(async (tx) => {
      await tx.all(update, []);
      locked.resolve();
      await holding;
    });
    await locked.promise;
    await assert.rejects(
      store.write((tx) => tx.all(update, [])),
      unavailable,
    );
    release();
    await first;
    await store.write((tx) => tx.all(update, []));
  });

  test('are waited for a while, then it is 503', async (t) => {
    const store = await ground.open({ poolSize: 1, wait: 150 });
    const { promise: holding, resolve: release } = Promise.withResolvers<void>();
    t.after(() => release());
    const slow = store.write(async (tx) => {
      await tx.all(plain('select 1'), []);
      await holding;
    });
    const start = performance.now();
    await assert.rejects(store.all(plain('select 1'), []), unavailable);
    assert.ok(performance.now() - start >= 140);
    release();
    await slow;
    assert.deepEqual(await store.all(plain('select 1 as one'), []), [{ one: 1 }]);
  });

  test('are shared by the reads of one tick: each has its own answer, or its own error', async () => {
    const store = await ground.open({ poolSize: 1, wait: 150 });
    const numbers = Array.from({ length: 20 }, (_, n) => n);
    const reads = numbers.map((n) => store.all(plain(`select 12 / ${n % 7} as n`), []));
    const ended = await Promise.allSettled(reads);
    assert.deepEqual(
      ended.map((result) => (result.status === 'fulfilled' ? result.value[0]?.n : 'refused')),
      numbers.map((n) => (n % 7 === 0 ? 'refused' : Math.trunc(12 / (n % 7)))),
    );
    assert.equal(store.load.open, 1);
  });

  test('wait for no answer between the reads of one tick: eight take one round trip', async () => {
    const { store, proxy } = await behindProxy();
    const read = () => store.all(named('one', 'select 1'), []);
    await read();
    const before = proxy.roundTrips;
    await Promise.all(Array.from({ length: 8 }, read));
    assert.equal(proxy.roundTrips - before, 1);
    assert.equal(store.load.open, 1);
  });

  test('that are refused for want of room are waited for: 503 or success, nothing else', async () => {
    const store = await ground.open();
    await runSql(store, 'create role narrow login password $$narrow$$ connection limit 5');
    ground.finally(() => ground.run('drop owned by narrow cascade; drop role narrow'));
    await ground.run('create schema narrow authorization narrow');
    const url = Object.assign(new URL(await ground.url()), { username: 'narrow', password: 'narrow' }).href;
    const crowded = await ground.open({ schema: 'narrow', poolSize: 20, wait: 10_000 }, url);
    const write = () => crowded.write((tx) => tx.all(plain('select pg_sleep(0.01)'), []));
    const ended = await Promise.allSettled(Array.from({ length: 100 }, write));
    const refused = ended.filter((result) => result.status === 'rejected');
    for (const { reason } of refused) assertUnavailable(reason);
    assert.ok(refused.length <= 10, `${refused.length} of 100 refused`);
    assert.deepEqual(crowded.health(), { ready: true });
  });

  test('of whole lists are few, and others go on beside them', async () => {
    const store = await ground.open({ streams: 2, wait: 150 });
    const numbers = plain('select generate_series(1, 1000) as n');
    const readers = [1, 2, 3].map(() => store.stream(numbers, [], 100)[Symbol.asyncIterator]());
    const [first, second, third] = readers;
    assert.equal((await first?.next())?.value.length, 100);
    assert.equal((await second?.next())?.value.length, 100);
    await assert.rejects(async () => third?.next(), unavailable);
    assert.equal((await store.all(plain('select 1'), [])).length, 1);
    await first?.return?.();
    await second?.return?.();
    let rows = 0;
    for await (const part of store.stream(numbers, [], 300)) rows += part.length;
    assert.equal(rows, 1000);
  });

  test('that long reads may have leave some to short ones, which wait for none of them', async (t) => {
    const [store, other] = [await ground.open(), await ground.open()];
    const release = await lockedAway(other);
    t.after(release);
    const scans = Array.from({ length: 60 }, () => store.scan(WAITS, [], COST));
    const short = () => store.all(plain('select 1 as one'), []);
    scans.push(...Array.from({ length: 20 }, () => store.scan(WAITS, [], { ...COST, rows: 2_000 })));
    for (const read of [short(), short(), store.writeOne(plain('select 1 as one'), [])])
      assert.deepEqual(await read, [{ one: 1 }]);
    assert.deepEqual(await Promise.all(Array.from({ length: 20 }, short)), Array(20).fill([{ one: 1 }]));
    await release();
    for (const scan of scans) assert.equal((await scan).length, 1);
  });

  test('are not enough for ever more long reads: 503 says so', async (t) => {
    const [store, other] = [await ground.open({ poolSize: 2, wait: 500 }), await ground.open()];
    // Both connections are there: to make one may take longer than the wait.
    await Promise.all([1, 2].map(() => store.write((tx) => tx.all(plain('select 1'), []))));
    const release = await lockedAway(other);
    t.after(release);
    const scans = Array.from({ length: 9 }, () => Promise.resolve(store.scan(WAITS, [], COST)));
    assert.deepEqual(await store.all(plain('select 1 as one'), []), [{ one: 1 }]);
    await assert.rejects(Promise.race(scans), /Too many long reads are under way/);
    await release();
    const ended = await Promise.allSettled(scans);
    assert.equal(ended.filter(({ status }) => status === 'fulfilled').length, 8);
    assert.equal((await store.scan(WAITS, [], COST)).length, 1);
  });

  test('take a write of a single statement in one round trip', async () => {
    const { store, proxy } = await behindProxy();
    const write = () => store.writeOne(named('one', 'select 1'), []);
    await write();
    const before = proxy.roundTrips;
    await write();
    assert.equal(proxy.roundTrips - before, 1);
  });

  test('send BEGIN with the first statement: a write of one takes two round trips', async () => {
    const { store, proxy } = await behindProxy();
    const write = () => store.write((tx) => tx.all(named('one', 'select 1'), []));
    await write();
    const before = proxy.roundTrips;
    await write();
    assert.equal(proxy.roundTrips - before, 2);
  });

  test('in a deadlock of two writes run one of them again', async () => {
    const store = await ground.open();
    await runSql(store, 'create table pair (id int primary key, n int not null)');
    await runSql(store, 'insert into pair values (1, 0), (2, 0)');
    let runs = 0;
    let locked = 0;
    const bothLocked = Promise.withResolvers<void>();
    const both = (first: number, second: number) =>
      store.write(async (tx) => {
        runs += 1;
        await tx.all(plain(`update app.pair set n = n + 1 where id = ${first}`), []);
        locked += 1;
        if (locked === 2) bothLocked.resolve();
        await bothLocked.promise;
        await tx.all(plain(`update app.pair set n = n + 1 where id = ${second}`), []);
      });
    await Promise.all([both(1, 2), both(2, 1)]);
    assert.equal(runs, 3);
    assert.deepEqual(await runSql(store, 'select n from pair'), [{ n: 2 }, { n: 2 }]);
  });

  test('survive a changed table under their prepared statements', async () => {
    const store = await ground.open({ poolSize: 2 });
    await runSql(store, 'create table changing (a int)');
    await runSql(store, 'insert into changing values (1)');
    const all = named('changing', 'select * from app.changing');
    for (let i = 0; i < 8; i += 1) assert.deepEqual(await store.all(all, []), [{ a: 1 }]);
    await ground.run('alter table changing add column b int default 2');
    assert.deepEqual(await store.all(all, []), [{ a: 1, b: 2 }]);
    await store.write(async (tx) => assert.deepEqual(await tx.all(all, []), [{ a: 1, b: 2 }]));
  });

  test('undo a write that caught the error of a statement', async () => {
    const store = await ground.open();
    await runSql(store, 'create table once (a int primary key)');
    const add = plain('insert into app.once values (1)');
    const caught = store.write(async (tx) => {
      await tx.all(add, []);
      await Promise.resolve(tx.all(add, [])).catch(() => {});
    });
    await assert.rejects(caught, { code: 'conflict' });
    assert.deepEqual(await runSql(store, 'select a from once'), []);
  });

  test('keep schemas of one database apart, also when many processes make one at once', async () => {
    const stores = await Promise.all(Array.from({ length: 5 }, () => ground.open({ schema: 'new-one' })));
    const [store] = stores;
    assert.ok(store);
    await runSql(store, 'create table mine (a int)');
    const other = await ground.open();
    await assert.rejects(runSql(other, 'select a from mine'), /mine/);
  });
});

describe('values that PostgreSQL refuses', () => {
  const ground = new OnPostgres();
  const wrong: [string, string, string][] = [
    ['a text for an integer', 'select $1::bigint', 'seven'],
    ['an integer that is too large', 'select $1::bigint', '99999999999999999999'],
    ['a text with NUL', 'select $1::text', 'a\u0000b'],
    ['no date', 'select $1::timestamptz(3)', '2026-02-30T00:00:00Z'],
    ['no UUID', 'select $1::uuid', 'x'],
  ];
  for (const [name, sql, value] of wrong)
    test(`${name} is 422 and not told again`, async () => {
      const store = await ground.open();
      await assert.rejects(store.all(plain(sql), [value]), (problem: Problem) => {
        assert.equal(problem.status, 422);
        assert.equal(problem.cause, undefined);
        return true;
      });
    });

  test('null where a value must be names the field', async () => {
    const store = await ground.open();
    await runSql(store, 'create table strict (name text not null)');
    await assert.rejects(runSql(store, 'insert into strict values (null)'), (problem: Problem) => {
      assert.deepEqual(
        problem.errors.map(({ pointer, code }) => [pointer, code]),
        [['/name', 'required']],
      );
      return problem.status === 422;
    });
  });

  test('an integer beyond 2^53 is not rounded in silence', async () => {
    const store = await ground.open();
    await assert.rejects(store.all(plain('select 9007199254740993::bigint'), []), RangeError);
    assert.deepEqual(await store.all(plain('select 1 as one'), []), [{ one: 1 }]);
  });
});
