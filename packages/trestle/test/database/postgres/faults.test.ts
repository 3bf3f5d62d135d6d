import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { openPostgres, type PostgresOptions } from '../../../src/database/postgres/open-postgres.ts';
import type { PostgresStore } from '../../../src/database/postgres/postgres-store.ts';
import {
  asAdministrator,
  createDatabase,
  type PostgresServer,
  startPostgres,
} from '../../postgres-server.ts';
import { runSql } from '../../run-sql.ts';
import { TcpProxy } from '../../tcp-proxy.ts';
import { until } from '../../until.ts';
import { assertUnavailable, Ledger, untilReady } from './ledger.ts';

const TERMINATE = `select pg_terminate_backend(pid) from pg_stat_activity
  where application_name like 'trestle%' and datname = current_database()`;

const RUNNING_INSERT = `select 1 from pg_stat_activity
  where state = 'active' and query like 'insert into app.t%' and datname = current_database()`;

describe('faults of PostgreSQL and of the network to it', () => {
  let server: PostgresServer;
  let database: string;
  let undo: (() => Promise<void>)[] = [];

  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop());
  afterEach(async () => {
    for (const step of undo.reverse()) await step();
    undo = [];
  });

  /** A store on a new database of the test's own server. */
  async function open(options: Partial<PostgresOptions> = {}): Promise<PostgresStore> {
    database = await createDatabase(server.url);
    return openAt(database, options);
  }

  async function openAt(url: string, options: Partial<PostgresOptions> = {}): Promise<PostgresStore> {
    const store = await openPostgres(url, { schema: 'app', ...options });
    undo.push(() => store.close());
    return store;
  }

  /** A store that reaches the server through a proxy. */
  async function openBehind(
    options: Partial<PostgresOptions> = {},
  ): Promise<{ store: PostgresStore; proxy: TcpProxy }> {
    database = await createDatabase(server.url);
    const proxy = await TcpProxy.open(server.port);
    undo.push(() => proxy.close());
    const store = await openAt(Object.assign(new URL(database), { port: proxy.port }).href, options);
    return { store, proxy };
  }

  for (const [writes, kind] of [
    ['writes', undefined],
    ['writes of a single statement', 'single'],
    ['single statements that share commits', 'shared'],
  ] as const)
    test(`all sessions terminated again and again: no read failed, none of the ${writes} lost or done twice`, async () => {
      const store = await open();
      const ledger = await Ledger.open(store, kind);
      let connected = 0;
      store.listen('connected', () => {
        connected += 1;
      });
      await ledger.during(async () => {
        for (let round = 1; round <= 20; round += 1) {
          await ledger.progress(12);
          // A store whose every new connection is ended for a second says that the database cannot be reached.
          await until(() => connected >= round);
          await asAdministrator(database, TERMINATE);
        }
      });
      await ledger.audit();
      assert.deepEqual(ledger.readErrors, []);
      assert.ok(ledger.acknowledged.length > 200, `only ${ledger.acknowledged.length} writes`);
    });

  for (const signal of ['QUIT', 'KILL'] as const)
    test(`the server ended by SIG${signal} and started again: not ready, then ready, each within 2 s`, async () => {
      const store = await open();
      const ledger = await Ledger.open(store);
      await ledger.during(async () => {
        await ledger.progress(20);
        await server.halt(signal);
        await untilReady(store, false, 2_000);
        await ledger.failures(6);
        await server.resume();
        await untilReady(store, true, 2_000);
        await ledger.progress(20);
      });
      const { length } = ledger.acknowledged;
      await ledger.write();
      assert.equal(ledger.acknowledged.length, length + 1);
      await ledger.audit();
      for (const error of ledger.readErrors) assertUnavailable(error);
    });

  test('readiness tells of the end of an idle server', async () => {
    const store = await open();
    assert.deepEqual(store.health(), { ready: true });
    await server.halt('INT');
    await untilReady(store, false, 2_000);
    assert.match(store.health().why ?? '', /127\.0\.0\.1.*cannot be reached/);
    assert.doesNotMatch(store.health().why ?? '', /postgres:[^@]+@/, 'the password must not be told');
    await server.resume();
    await untilReady(store, true, 2_000);
  });

  test('a blackhole, in the middle of transactions too: bounded waits, no connection leaked, then all as before', async () => {
    const { store, proxy } = await openBehind({ statementTimeout: 1_000, wait: 500 });
    const ledger = await Ledger.open(store);
    await ledger.during(async () => {
      await ledger.progress(20);
      proxy.behave({ blackhole: true });
      await untilReady(store, false, 2_500);
      await ledger.failures(12);
      proxy.behave({});
      await untilReady(store, true, 5_000);
      await ledger.progress(20);
    });
    assert.ok(ledger.longest < 3_000, `the longest took ${ledger.longest} ms`);
    await ledger.audit();
    await Promise.all(Array.from({ length: 30 }, () => ledger.write()));
    await ledger.audit();
    assert.equal(store.load.waiting, 0);
    assert.ok(store.load.open <= 10);
  });

  test('a network that goes silent while connections are being made: none is stuck for good', async () => {
    const { store, proxy } = await openBehind({ wait: 300 });
    const ledger = await Ledger.open(store);
    proxy.reset();
    proxy.behave({ resetAfter: 0 });
    await untilReady(store, false, 2_000);
    proxy.behave({ blackhole: true });
    await Promise.all(Array.from({ length: 20 }, () => ledger.write()));
    assert.equal(ledger.acknowledged.length, 0);
    await until(() => store.load.open === 0);
    proxy.behave({});
    await untilReady(store, true, 5_000);
    // A busy machine may refuse a write that waits for a connection; one that is stuck would refuse some of each round.
    await until(async () => {
      const before = ledger.acknowledged.length;
      await Promise.all(Array.from({ length: 20 }, () => ledger.write()));
      return ledger.acknowledged.length === before + 20;
    });
    await ledger.audit();
  });

  test('resets in the middle of answers: right answers or 503', async () => {
    const { store, proxy } = await openBehind();
    const ledger = await Ledger.open(store);
    await ledger.during(async () => {
      for (let round = 0; round < 10; round += 1) {
        proxy.behave({ resetAfter: 3_000 + 997 * round });
        await ledger.attempts(6);
        proxy.reset();
        await ledger.attempts(6);
      }
      proxy.behave({});
      await ledger.progress(20);
    });
    for (const error of ledger.readErrors) assertUnavailable(error);
    await untilReady(store, true, 2_000);
    await ledger.write();
    await ledger.audit();
  });

  const slowness = {
    'one byte at a time': { slice: 1 },
    '200 ms away': { latency: 100 },
    '64 kB/s': { rate: 64_000 },
  };
  for (const [name, behaviour] of Object.entries(slowness))
    test(`a network with ${name}: slow, and right`, async () => {
      const { store, proxy } = await openBehind();
      const ledger = await Ledger.open(store);
      proxy.behave(behaviour);
      await ledger.during(() => ledger.progress(3, 3), 2, 2);
      await ledger.audit();
      assert.deepEqual([...ledger.failed.values(), ...ledger.readErrors], []);
      assert.ok(ledger.acknowledged.length > 0 && ledger.reads > 0);
      assert.deepEqual(store.health(), { ready: true });
    });

  test('a write whose connection breaks before the commit is run again, once', async () => {
    const store = await open();
    await runSql(store, 'create table t (a int)');
    let runs = 0;
    await store.write(async (tx) => {
      runs += 1;
      await tx.all({ name: 'w', sql: 'insert into app.t values (1)', slots: [] }, []);
      if (runs === 1) await asAdministrator(database, TERMINATE);
      await tx.all({ name: 'x', sql: 'insert into app.t values (2)', slots: [] }, []);
    });
    assert.equal(runs, 2);
    assert.deepEqual(await runSql(store, 'select count(*)::int as n from t'), [{ n: 2 }]);
  });

  const perhapsWritten = (error: Error) => {
    assertUnavailable(error);
    assert.match(error.message, /may have been written/);
    return true;
  };

  test('a single statement without an answer is not done again, and its 503 says that it may have happened', async () => {
    const { store, proxy } = await openBehind();
    await runSql(store, 'create table t (a int)');
    const insert = { name: 'w', sql: 'insert into app.t select 1 from pg_sleep(0.2)', slots: [] };
    const write = store.writeOne(insert, []);
    await until(async () => (await asAdministrator(database, RUNNING_INSERT)).length === 1);
    proxy.reset();
    await assert.rejects(write, perhapsWritten);
    await until(async () => (await asAdministrator(database, RUNNING_INSERT)).length === 0);
    assert.deepEqual(await runSql(store, 'select count(*)::int as n from t'), [{ n: 1 }]);
  });

  test('single statements that share a commit which has no answer: all or none were written, and all are 503', async () => {
    const { store, proxy } = await openBehind();
    await runSql(store, 'create table t (a int)');
    const insert = { name: 'w', sql: 'insert into app.t select 1 from pg_sleep(0.1)', slots: [] };
    const writes = [1, 2].map(() => store.writeOne(insert, [], { locks: '' }));
    await until(async () => (await asAdministrator(database, RUNNING_INSERT)).length === 1);
    proxy.reset();
    for (const write of writes) await assert.rejects(write, perhapsWritten);
    await until(async () => (await asAdministrator(database, RUNNING_INSERT)).length === 0);
    const [{ n } = {}] = await runSql(store, 'select count(*)::int as n from t');
    assert.ok(n === 0 || n === 2, `${n} rows`);
  });

  test('a commit without an answer is not done again, and its 503 says that it may have happened', async () => {
    const { store, proxy } = await openBehind({ statementTimeout: 400 });
    await runSql(store, 'create table t (a int)');
    let runs = 0;
    const write = store.write(async (tx) => {
      runs += 1;
      await tx.all({ name: 'w', sql: 'insert into app.t values (1)', slots: [] }, []);
      proxy.behave({ blackhole: true });
    });
    await assert.rejects(write, perhapsWritten);
    assert.equal(runs, 1);
    proxy.behave({});
    await untilReady(store, true, 3_000);
  });
});
