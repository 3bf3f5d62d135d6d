import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { anyone, app, counter, integerId, reference, resource, text, where } from 'trestle';
import type { Context } from 'trestle/contract';
import { serveApp } from 'trestle/testing';
import type { PostgresStore } from '../../../src/database/postgres/postgres-store.ts';
import type { Statement } from '../../../src/database/statement.ts';
import { asAdministrator } from '../../postgres-server.ts';
import { runSql } from '../../run-sql.ts';
import { until } from '../../until.ts';
import { assertUnavailable } from './ledger.ts';
import { OnPostgres } from './on-postgres.ts';

const ANYONE = { read: anyone, create: anyone, update: anyone, delete: anyone };

/** Values of the table of the tests, and how they are written. */
const INSERT: Statement = {
  name: 'add',
  sql: 'insert into app.numbers values ($1, $2) returning id',
  slots: [],
};
const UPDATE: Statement = {
  name: 'change',
  sql: 'update app.numbers set n = n + 1 where id = $1 returning id',
  slots: [],
};
const update = (store: PostgresStore, id: number) => store.writeOne(UPDATE, [id], { locks: `numbers ${id}` });
const insert = (store: PostgresStore, id: number, n: number) =>
  store.writeOne(INSERT, [id, n], { locks: '' });

/** How many transactions wrote the rows of a table. */
async function transactions(store: PostgresStore, table: string): Promise<unknown> {
  const [row] = await runSql(store, `select count(distinct xmin::text)::int as n from ${table}`);
  return row?.n;
}

describe('single statements on PostgreSQL that lock one row at the most', () => {
  const ground = new OnPostgres();

  async function numbers(rows: number, options = {}): Promise<PostgresStore> {
    const store = await ground.open(options);
    await runSql(store, 'drop table if exists numbers');
    await runSql(store, 'create table numbers (id int primary key, n int not null check (n < 1000))');
    await runSql(store, 'insert into numbers select id, 0 from generate_series(1, $1::int) id', [rows]);
    return store;
  }

  test('share a commit when they are asked for together, and answer each its own rows', async () => {
    const store = await numbers(0);
    const answers = await Promise.all(Array.from({ length: 32 }, (_, id) => insert(store, id, 0)));
    assert.deepEqual(
      answers,
      Array.from({ length: 32 }, (_, id) => [{ id }]),
    );
    assert.equal(await transactions(store, 'numbers'), 2);
    await Promise.all(Array.from({ length: 16 }, (_, id) => update(store, id)));
    assert.equal(await transactions(store, 'numbers'), 2);
  });

  test('fail alone', async () => {
    const store = await numbers(1);
    const wanted = [
      [2, 0],
      [1, 0],
      [3, 1000],
      [4, 0],
    ] as const;
    const ended = await Promise.allSettled([
      ...wanted.map(([id, n]) => insert(store, id, n)),
      update(store, 1),
      update(store, 99),
    ]);
    assert.deepEqual(
      ended.map((end) => (end.status === 'fulfilled' ? end.value : end.reason.code)),
      [[{ id: 2 }], 'conflict', 'invalid', [{ id: 4 }], [{ id: 1 }], []],
    );
    const rows = await runSql(store, 'select id, n from numbers order by id');
    assert.deepEqual(
      rows.map(({ id, n }) => [id, n]),
      [
        [1, 1],
        [2, 0],
        [4, 0],
      ],
    );
    assert.deepEqual(await Promise.all([insert(store, 5, 0), insert(store, 6, 0)]), [
      [{ id: 5 }],
      [{ id: 6 }],
    ]);
  });

  test('lock their rows in one order: those that are asked for in another are no deadlock', async () => {
    const stores = [await numbers(16), await ground.open()];
    const before = stores.map(({ statements }) => statements);
    const up = Array.from({ length: 16 }, (_, at) => at + 1);
    for (let round = 0; round < 40; round += 1)
      await Promise.all(
        stores.flatMap((store, at) => (at === 0 ? up : up.toReversed()).map((id) => update(store, id))),
      );
    // One that another had undone would have been run again.
    assert.deepEqual(
      stores.map(({ statements }, at) => statements - (before[at] ?? 0)),
      [640, 640],
    );
    const [{ n } = {}] = await runSql(stores[0] as PostgresStore, 'select sum(n)::int as n from numbers');
    assert.equal(n, 1280);
  });

  test('wait for a row that another has, and hold up neither those beside nor that other', async (t) => {
    // So PostgreSQL resolves none of two that wait for each other before their limits for locks.
    const name = new URL(await ground.url()).pathname.slice(1);
    await ground.run(`alter database "${name}" set deadlock_timeout to '1min'`);
    const store = await numbers(4);
    const [held, wanted] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    t.after(() => wanted.resolve());
    const holding = store.write(async (tx) => {
      await tx.all({ name: '', sql: 'set local lock_timeout to 1000', slots: [] }, []);
      await tx.all(UPDATE, [2]);
      held.resolve();
      await wanted.promise;
      await tx.all(UPDATE, [1]);
    });
    await held.promise;
    const writes = [1, 2, 3].map((id) => update(store, id));
    const waiting =
      "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
    await until(async () => (await asAdministrator(await ground.url(), waiting)).length > 0);
    wanted.resolve();
    await holding;
    assert.deepEqual(await Promise.all(writes), [[{ id: 1 }], [{ id: 2 }], [{ id: 3 }]]);
    const rows = await runSql(store, 'select n from numbers order by id');
    assert.deepEqual(
      rows.map(({ n }) => n),
      [2, 2, 1, 0],
    );
  });

  test('are refused where another keeps the row', async (t) => {
    const store = await numbers(2, { statementTimeout: 200 });
    const [held, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    t.after(() => released.resolve());
    const holding = store.write(async (tx) => {
      await tx.all(UPDATE, [2]);
      held.resolve();
      await released.promise;
    });
    await held.promise;
    const [first, second] = await Promise.allSettled([1, 2].map((id) => update(store, id)));
    assert.equal(first?.status, 'fulfilled');
    assert.ok(second?.status === 'rejected');
    assertUnavailable(second.reason);
    released.resolve();
    await holding;
  });

  test('are new rows, edits and counted reads, but where a value must be unique', async (t) => {
    const fields = { name: text({ unique: true }), note: text(), views: counter({ countsReads: true }) };
    const tags = resource({ id: integerId(), fields, can: ANYONE });
    const notes = resource({ id: integerId(), fields: { ...fields, name: text() }, can: ANYONE });
    const store = await ground.open();
    const declared = app({ name: 'app', resources: { tags, notes } });
    const { engine, close } = await serveApp(declared, { database: await ground.url() });
    t.after(close);
    const context = { caller: { kind: 'anonymous' } } as const;
    const ids = Array.from({ length: 16 }, (_, at) => at + 1);
    for (const [name, counts] of [
      ['notes', [1, 1, 1, 1]],
      ['tags', [16, 16, 1, 1]],
    ] as const) {
      const rows = engine.services[name];
      const found: unknown[] = [];
      for (const write of [
        (id: number) => rows.create(context, { name: `n${id}`, note: '' }),
        (id: number) => rows.patch(context, id, { name: `m${id}` }),
        (id: number) => rows.patch(context, id, { note: 'a' }),
        (id: number) => rows.read(context, id),
      ]) {
        await Promise.all(ids.map(write));
        found.push(await transactions(store, name));
      }
      assert.deepEqual(found, counts, name);
    }
  });

  test('are new rows that refer to another; they wait for no edit of it', async (t) => {
    const check = { named: where({ name: { ne: '' } }) };
    const lists = resource({ id: integerId(), fields: { name: text() }, check, can: ANYONE });
    const items = resource({ id: integerId(), fields: { list: reference('lists') }, can: ANYONE });
    const store = await ground.open({ schema: 'referring' });
    const declared = app({ name: 'referring', resources: { lists, items } });
    const { engine, close } = await serveApp(declared, { database: await ground.url() });
    t.after(close);
    const { lists: parents, items: children } = engine.services;
    const context: Context = { caller: { kind: 'anonymous' } };
    const list = await parents.create(context, { name: 'a' });
    await engine.context.transaction(context, async (tx) => {
      await parents.patch(tx, list.id, { name: 'b' });
      await Promise.all(Array.from({ length: 16 }, () => children.create(context, { list: list.id })));
    });
    assert.equal(await transactions(store, 'items'), 1);
  });
});
