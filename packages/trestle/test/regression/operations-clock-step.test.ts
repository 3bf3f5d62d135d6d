// A clock set back by an hour stops no operation: neither what waits, nor what is to be tried again, nor what was abandoned.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { sql } from '../../src/database/sql.ts';
import { statement } from '../../src/database/statement.ts';
import { caller, createArticle, openLifecycleApp } from '../jobs/lifecycle-app.ts';
import { eachStore } from '../stores.ts';

const HOUR = 3600;

eachStore('operations after the clock was set back', (open) => {
  it('run', { timeout: 30_000 }, async () => {
    const store = await open();
    const opened = await openLifecycleApp(store, {}, { lease: 1 });
    const idle = opened.start(false);
    const ids: string[] = [];
    for (const name of ['queued', 'retried', 'abandoned'])
      ids.push(
        (await idle.operations.start(caller, 'articles', await createArticle(opened, name), 'approve')).id,
      );
    const [, retried = '', abandoned = ''] = ids;
    const jobs = sql.table('_trestle_jobs');
    const { clock } = store.dialect;
    // As these rows are where the clock stood an hour ahead when they were written.
    const pause = sql`update ${jobs} set attempts = 1, due = ${clock} + ${HOUR + 3} where id = ${retried}`;
    const lease = sql`update ${jobs} set state = 'running', attempts = 1, fence = 1, lease = ${clock} + ${HOUR + 1}
      where id = ${abandoned}`;
    for (const query of [pause, lease]) {
      const compiled = statement(store.dialect, query);
      await store.write((transaction) =>
        transaction.all(compiled, [...compiled.slots] as (string | number)[]),
      );
    }
    const [found] = await store.all(statement(store.dialect, sql`select ${clock} as seconds`), []);
    const running = opened.start();
    const { signal } = new AbortController();
    for (const id of ids.slice(0, 2)) {
      let last = '';
      for await (const { operation } of await running.operations.events(caller, id, { signal }))
        last = operation.state;
      assert.equal(last, 'succeeded', id);
    }
    // The worker looks for such leases now and then; a full one from now on is what is left.
    const { queue } = running;
    await queue.shortenLeases();
    const [row] = await store.all(
      statement(store.dialect, sql`select lease from ${jobs} where key is not null`),
      [],
    );
    assert.ok(Number(row?.lease) - Number(found?.seconds) < 120, String(row?.lease));
    await running.close();
    await idle.close();
  });
});
