// A search through 100,000 rows holds up no other request, ends at its deadline with 503, and costs what it may.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { accounts, anyone, app, boolean, integerId, json, resource, text, timestamp } from 'trestle';
import { Problem } from 'trestle/contract';
import { serveApp } from 'trestle/testing';
import { migrate } from '../../src/database/migrations/migrate.ts';
import { sql } from '../../src/database/sql.ts';
import { openSqlite, type SqliteOptions } from '../../src/database/sqlite/open-sqlite.ts';
import { param, statement } from '../../src/database/statement.ts';
import { eachRowOf, type ReadCost, type Store } from '../../src/database/store.ts';
import { tablesOf } from '../../src/database/tables.ts';
import { openServices } from '../../src/rows/open-services.ts';
import { anonymous } from '../rows/shop.ts';
import { eachPlace, eachStore } from '../stores.ts';
import { turnsDuring } from '../until.ts';

const ROWS = 100_000;
const notes = resource({
  id: integerId(),
  fields: {
    title: text({ search: true }),
    done: boolean(),
    facts: json(),
    at: timestamp(),
  },
  live: true,
  can: { read: anyone, update: anyone },
});
const resources = { notes };
const long = app({ name: 'long', accounts: accounts({ id: integerId() }), resources });

async function openNotes(store: Store, rows = ROWS) {
  const declared = accounts({ id: integerId() });
  await migrate(store, tablesOf(resources, declared));
  await fillNotes(store, rows);
  return openServices({ resources, accounts: declared, store, cursorKey: Buffer.alloc(32) }).services.notes;
}

async function fillNotes(store: Store, rows = ROWS): Promise<void> {
  const query = sql`insert into ${sql.table('notes')} (title, done, facts, at)
    with recursive n(i) as (select 1 union all select i + 1 from n where i < ${sql.lit(rows)})
    select 'the title of note ' || i, ${sql.raw(store.dialect.lateral ? 'i % 2 = 0' : 'i % 2')},
      ${sql.raw(store.dialect.lateral ? `'{"a":[1]}'::jsonb` : `'{"a":[1]}'`)}, '2026-01-01T00:00:00.000Z' from n`;
  await store.write((transaction) => transaction.all(statement(store.dialect, query), []), { patient: true });
}

/** A row as JSON has it. */
const plain = (row: unknown): unknown => JSON.parse(JSON.stringify(row));

const deep = (words: number) => ({
  or: Array.from({ length: words }, (_, at) => ({ title: { icontains: `nowhere ${at}` } })),
});

eachStore('long reads', (open) => {
  it('let short ones pass, and answer what they would have answered', async () => {
    const service = await openNotes(await open());
    const order: string[] = [];
    const long = service.list(anonymous, { search: 'note 77777', count: 'exact' }).then((page) => {
      order.push('long');
      return page;
    });
    const short = await service.peek(anonymous, 77_777);
    order.push('short');
    const { items, total } = await long;
    assert.deepEqual(order, ['short', 'long']);
    assert.equal(total, 1);
    assert.deepEqual(plain(items), [plain(short)]);
    const many = await service.list(anonymous, { limit: 5_000 });
    assert.equal(many.items.length, 5_000);
    assert.deepEqual(plain(many.items[0]), plain(await service.peek(anonymous, 1)));
  });

  it('may have fewer conditions that look into texts than others', async () => {
    const service = await openNotes(await open(), 10);
    await service.list(anonymous, { filter: deep(2) });
    await assert.rejects(service.list(anonymous, { filter: deep(40) }), /looks into texts counts as 3/);
  });
});

eachPlace('other requests', (place) => {
  it('may be answered while a write or a live list looks for its rows', async (t) => {
    const served = await serveApp(long, await place());
    t.after(() => served.close());
    const { services, live, store } = served.engine;
    await fillNotes(store);
    const query = { filter: { title: { icontains: 'note 7777' } } };
    const search = {
      write: () => services.notes.patchMany(anonymous, { ...query, max: 20 }, { done: true }),
      live: async () => {
        const { signal } = new AbortController();
        const { caller } = anonymous;
        const opened = await live?.open({ caller, client: 'a', resource: 'notes', query, signal });
        const { value = [] } = (await opened?.next()) ?? {};
        await opened?.return?.();
        return value[0];
      },
    };
    for (const [name, find] of Object.entries(search)) {
      // What holds up the event loop does so each time; a busy machine may do so, too, for as long as one search.
      const counts: number[] = [];
      let result: unknown;
      while (counts.length < 5 && Math.max(0, ...counts) <= 50) {
        const during = await turnsDuring<unknown>(find);
        counts.push(during.turns);
        result = during.result;
      }
      assert.ok(Math.max(...counts) > 50, `${name}: ${counts} turns of the event loop`);
      if (name === 'write') assert.deepEqual(result, { count: 11 });
      else assert.equal(JSON.parse(String(Reflect.get(Object(result), 'data'))).items.length, 11);
    }
  });
});

describe('long reads of a slow machine (sqlite)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'trestle-test-'));
  const stores: Store[] = [];
  const openIt = (options: SqliteOptions) => {
    const store = openSqlite(join(folder, 'notes.db'), options);
    stores.push(store);
    return store;
  };
  after(async () => {
    for (const store of stores) await store.close();
    rmSync(folder, { recursive: true });
  });

  it('end at their deadline, and the thread goes on to the next', async () => {
    const service = await openNotes(openIt({ scanTimeout: 20 }));
    const all = Array.from({ length: 6 }, () => service.list(anonymous, { filter: deep(16) }));
    for (const { status, reason } of (await Promise.allSettled(all)) as PromiseRejectedResult[]) {
      assert.equal(status, 'rejected');
      assert(reason instanceof Problem);
      assert.equal(reason.status, 503);
      assert.match(reason.detail, /Narrow it/);
    }
  });

  it('run at once where they were short, and in a thread again once they are not', async () => {
    const store = openIt({});
    const table = sql.table('notes');
    const found = statement(
      store.dialect,
      sql`select id from ${table} where ${eachRowOf(table)} title like ${param('title')} order by id limit 5`,
    );
    const [{ rows = 0 } = {}] = await store.all(
      statement(store.dialect, sql`select count(*) as rows from ${table}`),
      [],
    );
    assert.equal(rows, ROWS);
    // At 1 µs for each row it is expected to take 100 ms.
    const short: ReadCost = { rows: 5, perRow: 1, table };
    const scan = async (read: ReadCost) => {
      const answer = store.scan(found, ['%note%'], read);
      return { isInThread: answer instanceof Promise, rows: (await answer).length };
    };
    const inThread = { isInThread: true, rows: 5 };
    // Before one has ended nothing is known of it.
    assert.deepEqual(await Promise.all([scan(short), scan(short)]), [inThread, inThread]);
    assert.deepEqual(await scan(short), { isInThread: false, rows: 5 });
    assert.deepEqual(await scan({ ...short }), inThread, 'another read is not known');

    const hide = sql`update ${table} set title = ${sql.lit('nowhere '.repeat(20))}`;
    await store.write((transaction) => transaction.all(statement(store.dialect, hide), []));
    // The first is given up after 5 ms.
    for (const _ of [1, 2]) assert.deepEqual(await scan(short), { isInThread: true, rows: 0 });
  });
});
