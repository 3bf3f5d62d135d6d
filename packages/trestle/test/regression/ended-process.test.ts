// A process that stops in good order counts as ended at once; one that was killed, once it has been silent for long enough.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { anyone, app, resource, text } from 'trestle';
import { type Engine, openEngine } from '../../src/engine.ts';
import { Metrics } from '../../src/http/metrics/metrics.ts';
import { MetricsHistory } from '../../src/http/metrics/metrics-history.ts';
import { openSharedProcesses } from '../../src/http/metrics/shared-processes.ts';
import { startApps } from '../harness.ts';
import { eachPlace } from '../stores.ts';
import { until } from '../until.ts';

const notes = app({
  name: 'notes',
  resources: { notes: resource({ fields: { title: text() }, can: { read: anyone } }) },
});

/** The processes of an app, as another one sees them: from its data folder, or, on a folder of its own, from the database. */
function historyOf(engine: Engine | undefined, data: string) {
  const measured = {
    name: 'notes',
    base: '',
    statements: () => 0,
    health: () => ({ ready: true }),
    measure: async () => assert.fail('a database that is away'),
    shared: engine && openSharedProcesses(engine.store, engine.app),
  };
  return new MetricsHistory(measured, { metrics: new Metrics(), inFlight: () => 0, data });
}

eachPlace('a process that stops', (place) => {
  it('has ended for the others at once', async (t) => {
    const { data, database } = await place();
    // It takes its first sample when half a minute has passed.
    t.mock.timers.enable({ apis: ['setInterval'] });
    const running = await startApps(notes, { data, database });
    let isClosed = false;
    t.after(() => isClosed || running.close());
    t.mock.timers.tick(30_000);
    t.mock.timers.reset();
    const folder = database ? mkdtempSync(join(tmpdir(), 'trestle-test-')) : data;
    if (database) t.after(() => rmSync(folder, { recursive: true, force: true }));
    const other = database ? await openEngine(notes, { data: folder, database }) : undefined;
    t.after(() => other?.close());
    const history = historyOf(other as Engine | undefined, folder);
    const others = async () => (await history.processes()).slice(1).map(({ running: is }) => is);
    await until(async () => (await others()).includes(true));
    assert.deepEqual(await others(), [true]);

    isClosed = true;
    await running.close();
    assert.deepEqual(await others(), [false]);
  });
});

it('a process that was killed is believed to be there until it has missed two samples', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'trestle-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  await historyOf(undefined, folder).sample();
  const isThere = async () => (await historyOf(undefined, folder).processes())[1]?.running;
  t.mock.timers.tick(70_000);
  assert.equal(await isThere(), true);
  t.mock.timers.tick(10_000);
  assert.equal(await isThere(), false);
});
