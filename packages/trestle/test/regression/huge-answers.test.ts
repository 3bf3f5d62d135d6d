// An answer of 10,000 rows with 40,000 children is read, decoded and made JSON of in turns: other requests are answered meanwhile.
import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { it } from 'node:test';
import { serveApp } from 'trestle/testing';
import changelog from '../../../../apps/changelog/app.ts';
import { inTurns, TURN_SIZE } from '../../src/turns.ts';
import { fill, INSTANT } from '../plans.ts';
import { eachPlace } from '../stores.ts';

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
    const delay = monitorEventLoopDelay({ resolution: 1 });
    /** The text, and the longest time for which nothing else could be done. */
    const answered = async () => {
      delay.reset();
      delay.enable();
      const response = await fetch(`${served.url}/projects?limit=10000&update_limit=10000`, { headers });
      const bytes = await response.arrayBuffer();
      delay.disable();
      return { text: Buffer.from(bytes).toString(), block: delay.max / 1e6 };
    };
    const { text } = await answered();
    const rows: Record<string, unknown>[] = JSON.parse(text);
    const children = rows.reduce(
      (sum, { project_updates: own }) => sum + (Array.isArray(own) ? own.length : 0),
      0,
    );
    assert.deepEqual([rows.length, children], [PROJECTS, UPDATES]);
    const from = performance.now();
    JSON.stringify(JSON.parse(text));
    const atOnce = performance.now() - from;
    // The machine may do something else meanwhile, and so may the garbage collector.
    const blocks: number[] = [];
    while (blocks.length < 10 && !blocks.some((block) => block < atOnce))
      blocks.push((await answered()).block);
    assert.ok(Math.min(...blocks) < atOnce, `${blocks} ms; JSON at once takes ${atOnce}`);
  });
});
