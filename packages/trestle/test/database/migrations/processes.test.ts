import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import type { Store } from '../../../src/database/store.ts';
import { runSql } from '../../run-sql.ts';
import { eachPlace, type Place } from '../../stores.ts';
import { moment } from '../../until.ts';
import { meeting } from './meeting.ts';
import { migrateTo } from './states.ts';
import { type Structure, structureOf } from './structure.ts';
import { type Twin, twins } from './twins.ts';

const ROUNDS = 6;
const ROWS = 10_000;

function migrating(twin: Twin, args: readonly string[]): ChildProcess {
  const script = join(import.meta.dirname, 'migrating-process.ts');
  return spawn(process.execPath, [script, twin, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Starts a process that migrates, and kills it up to so many milliseconds after it has begun. */
async function killedWithin(maxMs: number, twin: Twin, args: readonly string[]): Promise<void> {
  const child = migrating(twin, args);
  const gone = once(child, 'exit');
  assert.ok(child.stdout);
  await once(child.stdout, 'data');
  await moment(maxMs);
  child.kill('SIGKILL');
  await gone;
}

async function lines(child: ChildProcess): Promise<string[]> {
  assert.ok(child.stdout);
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) said.push(line);
  return said;
}

async function countOf(store: Store, table: string): Promise<number> {
  const [row] = await runSql(store, `select count(*) as found from ${table}`);
  return Number(row?.found);
}

async function fill(store: Store): Promise<void> {
  await runSql(
    store,
    `insert into notes (title, size, body) with recursive n (i) as (select 1 union all select i + 1 from n where i < ${ROWS})
     select case when i % 7 = 0 then null else 'title ' || i end, i, 'a body of some length to be copied ' || i from n`,
  );
}

/** The structure of a version in a new database. */
async function freshStructure(place: Place, twin: Twin): Promise<Structure> {
  const store = await meeting(place, `fresh_${twin}`).open();
  await migrateTo(store, twins[twin]);
  const structure = await structureOf(store);
  await store.close();
  return structure;
}

const other = (twin: Twin): Twin => (twin === 'plain' ? 'strict' : 'plain');

eachPlace('processes that migrate', (newPlace) => {
  test('killed anywhere, all of it is done or nothing', async () => {
    const place = await newPlace();
    const expected = {
      plain: await freshStructure(place, 'plain'),
      strict: await freshStructure(place, 'strict'),
    };
    const { args, open } = meeting(place, 'killed');
    const store = await open();
    await migrateTo(store, twins.plain);
    await fill(store);
    let state: Twin = 'plain';
    let undone = 0;
    for (let round = 0; round < ROUNDS || (undone === 0 && round < 5 * ROUNDS); round += 1) {
      await killedWithin(((round % ROUNDS) * 100) / ROUNDS, other(state), args);
      // A server may still be at work for a client that is gone: that is over when its lock is.
      await store.exclusive(60_000, async () => {});
      const structure = await structureOf(store);
      const marked = structure.columns.some((column) => column.startsWith('notes.mark'));
      const reached: Twin = marked ? 'strict' : 'plain';
      if (reached === state) undone += 1;
      state = reached;
      assert.deepEqual(structure, expected[state], `round ${round}`);
      assert.equal(await countOf(store, 'notes'), ROWS);
    }
    assert.ok(undone > 0, 'no process was killed before its end');
    await migrateTo(store, twins[other(state)], { apply: 'destructive', back: true });
    assert.deepEqual(await structureOf(store), expected[other(state)]);
    await store.close();
  });

  test('started together on an empty database, one makes the tables and all of them run', async () => {
    const { args, open } = meeting(await newPlace(), 'together');
    const children = [1, 2, 3].map(() => migrating('strict', args));
    const said = await Promise.all(children.map(lines));
    assert.deepEqual(said.sort(), [
      ['go', '0'],
      ['go', '0'],
      ['go', '3'],
    ]);
    const store = await open();
    assert.equal(await countOf(store, '_trestle_schema'), 1);
    await store.close();
  });
});
