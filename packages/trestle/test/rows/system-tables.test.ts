import assert from 'node:assert/strict';
import { test } from 'node:test';
import { migrate } from '../../src/database/migrations/migrate.ts';
import { sql } from '../../src/database/sql.ts';
import { param } from '../../src/database/statement.ts';
import type { Store } from '../../src/database/store.ts';
import { tablesOf } from '../../src/database/tables.ts';
import { Cursors } from '../../src/rows/lists/list.ts';
import type { Restrict } from '../../src/rows/model.ts';
import { compileSystemModels, SystemTable, systemReads } from '../../src/rows/system-tables.ts';
import { accounts } from '../../src/schema/accounts.ts';
import type { Caller } from '../../src/schema/caller.ts';
import { resource, systemResource } from '../../src/schema/define-resource.ts';
import { boolean } from '../../src/schema/fields/boolean.ts';
import { text } from '../../src/schema/fields/texts/text.ts';
import { timestamp } from '../../src/schema/fields/timestamp.ts';
import { textId } from '../../src/schema/id.ts';
import type { RowOf } from '../../src/schema/row-types.ts';
import { administrator } from '../../src/schema/rules.ts';
import { raises } from '../accounts/raises.ts';
import { eachStore } from '../stores.ts';

const devices = systemResource(
  resource({
    id: textId('^[a-z]{3}$'),
    fields: { name: text(), secret: text(), on: boolean(), seen_at: timestamp({ nullable: true }) },
    order: 'name',
  }),
  { table: '_trestle_devices', hidden: ['secret'], can: { read: administrator } },
);
const declared = accounts();
const ADMINISTRATOR: Caller = { kind: 'administrator' };
const context = { caller: ADMINISTRATOR };

async function openDevices(store: Store, restrict?: Restrict) {
  await migrate(store, tablesOf({ devices }, declared));
  const { devices: model } = compileSystemModels({ devices }, declared, store);
  const table = new SystemTable<typeof devices>(model);
  const insert = table.insert();
  for (const [id, name] of [
    ['aaa', 'lamp'],
    ['bbb', 'door'],
    ['ccc', 'bell'],
  ])
    await store.write((transaction) =>
      insert(transaction, { id, name, secret: `s-${id}`, on: id !== 'bbb', seen_at: null }),
    );
  return {
    table,
    reads: systemReads<Omit<RowOf<typeof devices>, 'secret'>>(
      model,
      store,
      new Cursors(Buffer.alloc(32)),
      restrict,
    ),
  };
}

eachStore('system tables', (open) => {
  test('are listed, filtered, sorted and paged as any resource, in a table of their own name', async () => {
    const { reads } = await openDevices(await open());
    const first = await reads.list(context, { limit: 2 });
    assert.deepEqual(first.items, [
      { id: 'ccc', name: 'bell', on: true, seen_at: null },
      { id: 'bbb', name: 'door', on: false, seen_at: null },
    ]);
    const second = await reads.list(context, { limit: 2, cursor: String(first.next) });
    assert.deepEqual(
      second.items.map(({ id }) => id),
      ['aaa'],
    );
    const on = await reads.list(context, { filter: { on: { eq: true } }, sort: ['-name'] });
    assert.deepEqual(
      on.items.map(({ id }) => id),
      ['aaa', 'ccc'],
    );
    assert.equal((await reads.read(context, 'aaa')).name, 'lamp');
    await raises('not_found', () => reads.read(context, 'zzz'));
    await raises('not_found', () => reads.read(context, "x' or 1=1"));
    await raises('unauthenticated', () => reads.list({ caller: { kind: 'anonymous' } }));
  });

  test('a hidden field cannot be told from one that does not exist', async () => {
    const { reads } = await openDevices(await open());
    for (const name of ['secret', 'absent']) {
      const filtered = await raises('invalid_query', () =>
        reads.list(context, { filter: { [name]: { eq: 's-aaa' } } }),
      );
      const sorted = await raises('invalid_query', () => reads.list(context, { sort: [name] }));
      for (const { detail, errors } of [filtered, sorted])
        assert.match(
          JSON.stringify({ detail, errors }).replaceAll(name, 'NAME'),
          /no field 'NAME'.*id, name, on, seen_at|id, name, on, seen_at.*no field 'NAME'/,
        );
    }
    assert.ok(!('secret' in (await reads.read(context, 'aaa'))));
  });

  test('a restriction leaves rows out of lists and counts', async () => {
    const restrict: Restrict = (_caller, bind) => ({
      key: 'not-bell',
      condition: sql`${sql.ref('name')} <> ${bind('bell')}`,
    });
    const { reads } = await openDevices(await open(), restrict);
    const query = Object.freeze({ filter: { name: { gt: 'a' } }, count: 'exact' as const });
    const { items, total } = await reads.list(context, query);
    assert.deepEqual([items.map(({ id }) => id), total], [['bbb', 'aaa'], 2]);
  });

  test("the engine's own statements take and give values as the fields have them", async () => {
    const store = await open();
    const { table } = await openDevices(store);
    const update = table.update(['on', 'seen_at'], sql`id = ${param('id')}`);
    const seen_at = '2026-11-26T05:00:00.000Z';
    const [updated] = await store.write((transaction) =>
      update(transaction, { id: 'bbb', on: true, seen_at }),
    );
    assert.deepEqual(updated, { id: 'bbb', name: 'door', secret: 's-bbb', on: true, seen_at });
    const byId = table.select(sql`where id = ${param('id')}`);
    assert.deepEqual(await byId(store, { id: 'bbb' }), [updated]);
    const remove = table.delete(sql`id = ${param('id')}`);
    assert.equal((await store.write((transaction) => remove(transaction, { id: 'bbb' }))).length, 1);
    assert.deepEqual(await byId(store, { id: 'bbb' }), []);
  });
});
