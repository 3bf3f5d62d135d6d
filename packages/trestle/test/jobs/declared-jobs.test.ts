import assert from 'node:assert/strict';
import { it } from 'node:test';
import { anonymous, Problem } from '../../src/contract.ts';
import { sql } from '../../src/database/sql.ts';
import { statement } from '../../src/database/statement.ts';
import { type Engine, type EngineOptions, openEngine } from '../../src/engine.ts';
import type { App } from '../../src/index.ts';
import { inTransaction } from '../../src/rows/transaction.ts';
import type { Jobs } from '../../src/schema/jobs.ts';
import type { Resources } from '../../src/schema/row-types.ts';
import { eachPlace, type Place } from '../stores.ts';
import { notes, type Remind, remindersApp, scheduledApp } from './reminders-app.ts';
import { startProcess } from './worker-processes.ts';

/** Far longer than a test: what happens was not found by a look, but told of. */
const NEVER = 100_000;
const TOLD = { poll: NEVER, pause: () => 0.01 };

/** Opens an app; `await using` closes it. */
async function opened<Rs extends Resources, Js extends Jobs>(
  app: App<Rs, Js>,
  place: Place,
  options: Partial<EngineOptions> = {},
) {
  const engine = await openEngine(app, { ...place, shared: true, jobs: TOLD, ...options });
  return { engine, [Symbol.asyncDispose]: () => engine.close() };
}

async function rowsOf(engine: Engine, table: string): Promise<readonly Record<string, unknown>[]> {
  const query = sql`select * from ${sql.table(table)} order by id`;
  return engine.store.all(statement(engine.store.dialect, query), []);
}

const caller = anonymous;

eachPlace('declared jobs', (place) => {
  it('run with their checked input once the transaction that enqueued them is committed', async () => {
    const inputs: unknown[] = [];
    const ran = Promise.withResolvers<void>();
    const remind: Remind = async (context, input) => {
      await context.service(notes).create(context, { title: input.title });
      inputs.push(input);
      ran.resolve();
    };
    await using app = await opened(remindersApp(remind), await place());
    const { store, services, context } = app.engine;
    const { jobs } = context;
    const undone = inTransaction(store, { caller }, async (transaction) => {
      await jobs.remind.enqueue({ caller, transaction }, { title: 'undone' });
      throw new Error('undo');
    });
    await assert.rejects(undone, /undo/);
    await inTransaction(store, { caller }, async (transaction) => {
      await services.notes.create({ caller, transaction }, { title: 'first' });
      await jobs.remind.enqueue({ caller, transaction }, { title: ' second ' });
    });
    await ran.promise;
    assert.deepEqual(inputs, [{ title: 'second', times: 1 }]);
    const { items } = await services.notes.list({ caller });
    assert.deepEqual(
      items.map(({ title }) => title),
      ['first', 'second'],
    );
  });

  it('wake a worker of another process where the database can tell it', async () => {
    const at = await place();
    const ran = Promise.withResolvers<unknown>();
    const workerApp = remindersApp(async (_, input) => ran.resolve(input));
    const options = at.database === undefined ? { jobs: { poll: 0.05 } } : {};
    await using server = await opened(
      remindersApp(async () => {}),
      at,
      { roles: ['serve'] },
    );
    await using _worker = await opened(workerApp, at, { roles: ['work'], ...options });
    await server.engine.context.jobs.remind.enqueue({ caller }, { title: 'told', times: 2 });
    assert.deepEqual(await ran.promise, { title: 'told', times: 2 });
  });

  it('refuse a wrong input, and a second job with the key of one that waits', async () => {
    await using app = await opened(
      remindersApp(async () => {}),
      await place(),
      { roles: ['serve'] },
    );
    const { remind } = app.engine.context.jobs;
    // @ts-expect-error the input has a title
    const wrong = remind.enqueue({ caller }, { titel: 'x' });
    await assert.rejects(wrong, (error) => error instanceof Problem && error.code === 'unknown_field');
    const input = { title: 'due' };
    const first = await remind.enqueue({ caller }, input, { key: 'loan 7', at: new Date() });
    assert.equal(await remind.enqueue({ caller }, input, { key: 'loan 7' }), first);
    assert.notEqual(await remind.enqueue({ caller }, input, { key: 'loan 8' }), first);
    await assert.rejects(remind.enqueue({ caller }, input, { at: 'tomorrow' }), /at: expected an instant/);
  });

  it('are tried again as often as declared, and not before their time', async () => {
    const attempts: number[] = [];
    const last = Promise.withResolvers<void>();
    const app = remindersApp(async (context, { title }) => {
      if (title === 'late') throw new Error('too early');
      attempts.push(context.attempt);
      if (context.attempt === 3) last.resolve();
      throw new Error('the mail server is away');
    });
    const failures: unknown[] = [];
    await using running = await opened(app, await place(), {
      jobs: { ...TOLD, poll: 0.05 },
      log: (app) => ({
        events: new Map(),
        event() {},
        failed: (_, facts) => void failures.push({ app, ...facts }),
      }),
    });
    const { remind } = running.engine.context.jobs;
    await remind.enqueue({ caller }, { title: 'late' }, { at: new Date(Date.now() + 3_600_000) });
    const id = await remind.enqueue({ caller }, { title: 'x' });
    await last.promise;
    assert.deepEqual(attempts, [1, 2, 3]);
    assert.deepEqual(failures[0], { app: 'reminders', job: 'remind', id });
  });
});

eachPlace('jobs of a process that is killed', (place) => {
  it('run again elsewhere once its lease has run out', async () => {
    const at = await place();
    await using server = await opened(
      remindersApp(async () => {}),
      at,
      { roles: ['serve'] },
    );
    const where = at.database === undefined ? [] : [at.database];
    const doomed = startProcess('reminders-process.ts', ['remind', at.data, '1', ...where]);
    const id = await server.engine.context.jobs.remind.enqueue({ caller }, { title: 'killed' });
    await doomed.until(({ event }) => event === 'begin');
    await doomed.kill();
    const next = startProcess('reminders-process.ts', ['remind', at.data, '0', ...where]);
    const { operation, fence } = await next.until(({ event }) => event === 'end');
    assert.deepEqual([operation, fence], [id, 2]);
    await next.close();
  });
});

eachPlace('scheduled jobs', (place) => {
  it('fire once among all processes, once for all firings that were missed, and later by their grid', async () => {
    const at = await place();
    let runs = 0;
    let ran = Promise.withResolvers<void>();
    const app = scheduledApp(async () => {
      runs += 1;
      ran.resolve();
    });
    const first = await opened(app, at, { roles: ['serve', 'schedule'] });
    // What is closed has looked at its schedules.
    await first.engine.close();
    const quiet = await opened(app, at, { roles: ['serve'] });
    const { store } = quiet.engine;
    const [schedule] = await rowsOf(quiet.engine, '_trestle_schedules');
    const now = Date.now() / 1000;
    assert.ok(Math.abs(Number(schedule?.next) - now - 3600) < 60, 'the first firing is an interval away');
    const missed = Math.floor(now) - 5 * 3600 - 100;
    const move = statement(
      store.dialect,
      sql`update ${sql.table('_trestle_schedules')} set next = ${missed}`,
    );
    await store.writeOne(move, [missed]);
    const all = await Promise.all([opened(app, at), opened(app, at), opened(app, at)]);
    await ran.promise;
    for (const { engine } of all) await engine.close();
    assert.equal(runs, 1);
    const [moved] = await rowsOf(quiet.engine, '_trestle_schedules');
    assert.equal(Number(moved?.next), missed + 6 * 3600);
    assert.equal((await rowsOf(quiet.engine, '_trestle_jobs')).length, 1);

    // A clock that was set back by a day is no pause of a day.
    ran = Promise.withResolvers();
    const ahead = now + 86_400;
    const set = sql`update ${sql.table('_trestle_schedules')} set next = ${ahead}, fired = ${ahead}`;
    await store.writeOne(statement(store.dialect, set), [ahead, ahead]);
    const again = await opened(app, at);
    await again.engine.close();
    const [back] = await rowsOf(quiet.engine, '_trestle_schedules');
    assert.ok(Number(back?.next) < now + 3600 + 60);
    await quiet.engine.close();
  });
});
