// PostgreSQL keeps the plan of a list: it would plan each page anew where a bound `limit`, floor or account stands open.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  accounts,
  anyone,
  app,
  author,
  createdAt,
  exists,
  integer,
  integerId,
  its,
  me,
  reference,
  resource,
  text,
} from 'trestle';
import type { Context } from 'trestle/contract';
import { type Served, serveApp } from 'trestle/testing';
import { fill } from '../plans.ts';
import { createDatabase, dropDatabase } from '../postgres-server.ts';
import { postgresUrl } from '../stores.ts';

const id = integerId();
const can = { read: anyone, create: anyone };
const teams = resource({ id, fields: { name: text() }, can });
const members = resource({ id, fields: { team: reference('teams'), who: author() }, can });
const member = exists('members', { team: its('team'), who: me });
const fields = { title: text(), rank: integer(), team: reference('teams'), at: createdAt() };
const open = resource({ id, fields: { ...fields, mine: member }, order: '-at', can });
const ruled = resource({ id, fields, order: '-at', can: { ...can, read: member } });
const resources = { teams, members, open, ruled };
const site = app({ name: 'planned', accounts: accounts({ id }), resources });

describe('a list on PostgreSQL', () => {
  const data = mkdtempSync(join(tmpdir(), 'trestle-test-'));
  let served: Served<typeof resources>;
  let database: string;
  const ada: Context = { caller: { kind: 'account', account: 1, session: 's' } };

  before(async () => {
    database = await createDatabase(await postgresUrl());
    served = await serveApp(site, { data, database });
    const { store } = served.engine;
    await served.call('POST', '/v1/accounts', { body: { username: 'ada', password: 'a password of ada' } });
    await fill(store, 100, 'teams', { name: "'t' || i" });
    // A page is found in some of the groups, but not among the first rows of the order.
    await fill(store, 2, 'members', { team: 'i', who: '1' });
    const at = "timestamptz '2026-01-01Z' + i * interval '1 second'";
    for (const table of ['open', 'ruled'])
      await fill(store, 2_000, table, { title: "'n' || i", rank: 'i', team: '1 + i % 100', at });
  });
  after(async () => {
    await served.close();
    await dropDatabase(database);
    rmSync(data, { recursive: true, force: true });
  });

  /** The number of plans that were made for one run, of the statements that read a table. */
  const plans = async (table: string) => {
    const { store } = served.engine;
    const statement = {
      sql: `select coalesce(sum(custom_plans), 0)::int as custom, coalesce(sum(generic_plans), 0)::int as generic
        from pg_prepared_statements where statement like '%from "planned"."${table}"%' and statement not like '%pg_prepared%'`,
      name: '',
      slots: [],
    };
    // Reads of one tick go to one connection.
    const [[found]] = await Promise.all([store.all(statement, []), store.all(statement, [])]);
    return { custom: Number(found?.custom), generic: Number(found?.generic) };
  };

  const asked = Object.freeze({ limit: 10 });
  const lists = {
    'in its order, with a computed field': ['open', () => served.engine.services.open.list(ada, asked)],
    'under a membership rule': ['ruled', () => served.engine.services.ruled.list(ada, asked)],
  } as const;
  for (const [name, [table, list]] of Object.entries(lists))
    it(name, async () => {
      // PostgreSQL tries five plans of each statement before it keeps one.
      for (let n = 0; n < 40; n += 1) assert.equal((await list()).items.length, 10);
      const before = await plans(table);
      assert.ok(before.generic > 0, JSON.stringify(before));
      for (let n = 0; n < 20; n += 1) await list();
      assert.deepEqual(await plans(table), { ...before, generic: before.generic + 20 });
    });

  it('with the next pages', async () => {
    const first = await served.engine.services.open.list(ada, { limit: 10 });
    const read = (cursor: string | null) =>
      served.engine.services.open.list(ada, { limit: 10, ...(cursor && { cursor }) });
    for (let n = 0; n < 20; n += 1) await read(first.next);
    const before = await plans('open');
    for (let n = 0; n < 20; n += 1) assert.equal((await read(first.next)).items.length, 10);
    assert.deepEqual(await plans('open'), { ...before, generic: before.generic + 20 });
  });
});
