import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Store } from '../../src/database/store.ts';
import type { JobRecord } from '../../src/jobs/job-table.ts';
import { type Attempt, attemptsOf, Lease } from '../../src/jobs/lease.ts';
import type { Jobs } from '../../src/jobs/open-jobs.ts';
import type { JobQueue, NewJob } from '../../src/jobs/queue.ts';
import type { JobHandler } from '../../src/jobs/worker.ts';
import { inTransaction } from '../../src/rows/transaction.ts';
import { anonymous } from '../../src/schema/caller.ts';
import { eachStore } from '../stores.ts';
import { until } from '../until.ts';
import { openLifecycleApp } from './lifecycle-app.ts';

/** Enqueues a job in a transaction of its own. */
function enqueue(store: Store, queue: JobQueue, job: NewJob): Promise<JobRecord | undefined> {
  return inTransaction(store, { caller: anonymous }, (transaction) => queue.enqueue(transaction, job));
}

/** The attempts of a claimed job, this one ended so. */
async function attemptsWith(
  queue: JobQueue,
  record: JobRecord,
  outcome: Attempt['outcome'],
): Promise<Attempt[]> {
  const lease = new Lease(queue, record, assert.ifError);
  const attempts = lease.attempts({ outcome });
  await lease.end();
  return attempts;
}

/** Waits until a job has ended. */
async function ended({ queue }: Jobs, id: string): Promise<JobRecord> {
  for (;;) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const unwatch = queue.watch(id, resolve);
    const found = await queue.find(id);
    if (found && found.finished_at !== null) {
      unwatch();
      return found;
    }
    await promise;
    unwatch();
  }
}

eachStore('jobs without a row', (open) => {
  it('run with their input, are tried again, and commit their effect with their end', async () => {
    const store = await open();
    const opened = await openLifecycleApp(store, {});
    const seen: unknown[] = [];
    const mail: JobHandler = {
      async run({ record }) {
        seen.push([record.input, record.attempts]);
        if (record.attempts === 1) throw new Error('the mail server is away');
        return {
          result: 'sent',
          commit: async (transaction) => {
            await jobs.queue.enqueue(transaction, { name: 'note', input: record.input, caller: undefined });
          },
        };
      },
    };
    const noted = Promise.withResolvers<unknown>();
    const note: JobHandler = {
      async run({ record }) {
        noted.resolve(record.input);
        return {};
      },
    };
    const jobs = opened.start(true, new Map(Object.entries({ mail, note })));
    const job: NewJob = { name: 'mail', input: { to: 'ann' }, caller: undefined };
    const added = await enqueue(store, jobs.queue, job);
    assert.ok(added);
    const done = await ended(jobs, added.id);
    assert.deepEqual([done.state, done.result, done.attempts], ['succeeded', 'sent', 2]);
    assert.deepEqual(seen, [
      [{ to: 'ann' }, 1],
      [{ to: 'ann' }, 2],
    ]);
    assert.deepEqual(await noted.promise, { to: 'ann' });
    assert.deepEqual((await jobs.operations.list({ kind: 'administrator' })).items, []);
    await jobs.close();
  });

  it('keep their attempts: those that were given back do not count, and those of a killed process are lost', async () => {
    const store = await open();
    const opened = await openLifecycleApp(store, {}, { lease: 0.05 });
    const { queue, close } = opened.start(false);
    const added = await enqueue(store, queue, { name: 'send', caller: undefined });
    assert.ok(added);
    assert.deepEqual(attemptsOf(added), []);
    const claim = () => until(() => queue.claim([]));
    const first = await claim();
    const past_attempts = await attemptsWith(queue, first, 'released');
    await queue.change('release', { id: first.id, fence: first.fence, past_attempts });
    await claim();
    // Nobody renews them: each lease runs out.
    await claim();
    const third = await claim();
    assert.deepEqual(
      attemptsOf(third).map(({ number, outcome, started_at, finished_at }) => [
        number,
        outcome,
        started_at !== null,
        finished_at !== null,
      ]),
      [
        [1, 'released', true, true],
        [1, 'lost', false, false],
        [2, 'lost', true, false],
        [3, 'running', true, false],
      ],
    );
    const ended = { id: third.id, fence: third.fence, result: null };
    const last = await attemptsWith(queue, third, 'succeeded');
    const done = await queue.change('succeed', { ...ended, past_attempts: last });
    assert.ok(done);
    assert.deepEqual(
      attemptsOf(done).map(({ outcome }) => outcome),
      ['released', 'lost', 'lost', 'succeeded'],
    );
    await close();
  });

  it('are enqueued with the transaction or not at all, once for a key, and not before their time', async () => {
    const store = await open();
    const opened = await openLifecycleApp(store, {});
    const ran: unknown[] = [];
    const remind: JobHandler = {
      async run({ record }) {
        ran.push(record.input);
        return {};
      },
    };
    const jobs = opened.start(false);
    const add = (job: Partial<NewJob>, { queue } = jobs) =>
      enqueue(store, queue, { name: 'remind', caller: undefined, ...job });
    await assert.rejects(
      inTransaction(store, { caller: anonymous }, async (transaction) => {
        await jobs.queue.enqueue(transaction, { name: 'remind', input: 'undone', caller: undefined });
        throw new Error('undo');
      }),
      /undo/,
    );
    const later = await add({ input: 'later', at: Date.now() + 3_600_000 });
    const first = await add({ input: 'first', key: 'loan 7' });
    assert.ok(first && later);
    assert.equal(await add({ input: 'second', key: 'loan 7' }), undefined);
    const worker = opened.start(true, new Map(Object.entries({ remind })));
    await ended(worker, first.id);
    const again = await add({ input: 'third', key: 'loan 7' }, worker);
    assert.ok(again);
    await ended(worker, again.id);
    assert.deepEqual(ran, ['first', 'third']);
    assert.equal((await worker.queue.find(later.id))?.state, 'queued');
    await worker.close();
    await jobs.close();
  });
});
