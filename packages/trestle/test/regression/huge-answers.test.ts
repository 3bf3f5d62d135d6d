// An answer of 10,000 rows with 40,000 children is read, decoded and made JSON of in parts: other requests are answered meanwhile.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { serveApp } from 'trestle/testing';
import changelog from '../../../../apps/changelog/app.ts';
import { sql } from '../../src/database/sql.ts';
import { statement } from '../../src/database/statement.ts';
import { inTurns, TURN_SIZE } from '../../src/turns.ts';
import { fill, INSTANT } from '../plans.ts';
import { eachPlace, eachStore } from '../stores.ts';
import { turnsDuring } from '../until.ts';

const PROJECTS = 10_000;
const UPDATES = 40_000;

it('gives others a turn between the parts of a list', async () => {
  const order: string[] = [];
  const parts: number[] = [];
  setImmediate(() => order.push('other'));
  await inTurns(Array(2 * TURN_SIZE + 1).fill(0), (part) => {
    order.push('part');
    parts.push(part.length);
  });
  assert.deepEqual(parts, [TURN_SIZE, TURN_SIZE, 1]);
  assert.deepEqual(order.slice(0, 3), ['part', 'other', 'part']);
});

eachStore('a read of many rows', (open) => {
  it('comes in parts, with a turn of the event loop between them', async () => {
    const store = await open();
    await store.write((transaction) =>
      transaction.all(statement(store.dialect, sql`create table ${sql.table('numbers')} (i integer)`), []),
    );
    await fill(store, PROJECTS, 'numbers', { i: 'i' });
    const all = statement(store.dialect, sql`select i from ${sql.table('numbers')} order by i`);
    const cost = { rows: PROJECTS, perRow: 1, table: sql.table('numbers') };
    const { turns, result: rows } = await turnsDuring(() => store.scan(all, [], cost));
    assert.deepEqual([rows.length, rows.at(-1)?.i], [PROJECTS, PROJECTS]);
    assert.ok(turns >= PROJECTS / TURN_SIZE, `${turns} turns`);
  });
});

eachPlace('a huge answer', (place) => {
  it('holds up no other request', async (t) => {
    const served = await serveApp(changelog, await place());
    t.after(() => served.close());
    const { store } = served.engine;
    const created = { creation_date: INSTANT, created_by: '1' };
    const [active, points] = store.dialect.lateral ? ['true', "'[]'::jsonb"] : ['1', "'[]'"];
    await fill(store, 1, '_trestle_accounts', { username: "'ann'", created_at: INSTANT, roles: "'[]'" });
    await fill(store, PROJECTS, 'projects', { title: "'p' || i", active, ...created });
    const project_id = `1 + i % ${PROJECTS}`;
    await fill(store, UPDATES, 'updates', {
      title: "'u' || i",
      project_id,
      relevant_points: points,
      ...created,
    });
    const headers = { authorization: `Bearer ${served.administrator}`, 'accept-encoding': 'identity' };
    const before = served.statements();
    const huge = fetch(`${served.url}/projects?limit=10000&update_limit=10000`, { headers });
    let isOver = false;
    const text = huge
      .then((response) => response.text())
      .finally(() => {
        isOver = true;
      });
    // Each is asked for when the one before is answered.
    let others = 0;
    while (!isOver) {
      const response = await fetch(`${served.url}/projects/1`, { headers });
      assert.equal(response.status, 200);
      await response.arrayBuffer();
      others += 1;
    }
    const rows: Record<string, unknown>[] = JSON.parse(await text);
    const children = rows.reduce(
      (sum, { project_updates: own }) => sum + (Array.isArray(own) ? own.length : 0),
      0,
    );
    assert.deepEqual([rows.length, children], [PROJECTS, UPDATES]);
    const parts = PROJECTS / 200;
    assert.ok(others >= parts / 2, `${others} others were answered meanwhile`);
    assert.ok(served.statements() - before - others >= 2 * parts, 'it is read in parts');
  });
});
