// No statement on the engine's own tables (accounts, sessions, keys, tickets, jobs, moves) reads one of 20,000 rows from end to
// end, neither where callers list them nor where the engine looks them up.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { accounts, anyText, author, integerId, own, resource, signedIn, state, text } from 'trestle';
import { Problem } from 'trestle/contract';
import { accountResources } from '../../src/accounts/resources.ts';
import { migrate } from '../../src/database/migrations/migrate.ts';
import type { Store } from '../../src/database/store.ts';
import { tablesOf } from '../../src/database/tables.ts';
import { JOB_RESOURCES } from '../../src/jobs/job-table.ts';
import { openJobs } from '../../src/jobs/open-jobs.ts';
import { openServices } from '../../src/rows/open-services.ts';
import { BY_ADMINISTRATOR, FROM_HERE, HERE, openDemo } from '../accounts/opened.ts';
import { fill, INSTANT, recorded, scanned } from '../plans.ts';
import { eachStore } from '../stores.ts';

const ROWS = 20_000;
/** Rows of the one account that the tests act as. */
const OWN = 40;

const stages = resource({
  id: integerId(),
  fields: { name: text({ unique: true }) },
  rows: [{ name: 'Draft' }, { name: 'Sent' }],
  can: { read: signedIn },
});
const letters = resource({
  id: integerId(),
  fields: { title: text(), writer: author(), stage: state('stages', { initial: 'Draft' }) },
  can: { read: own('writer'), create: signedIn, update: own('writer') },
  lifecycle: { field: 'stage', operations: { send: { from: 'Draft', to: 'Sent', run: async () => ({}) } } },
});
const resources = { stages, letters };

const later = "'2099-01-01T00:00:00.000Z'";
/** Account 1 has OWN rows of each kind, and the others the rest. */
const whose = `case when i <= ${OWN} then 1 else 2 + i % 500 end`;

/** `i` with leading zeros, as SQL. */
function padded(store: Store, length: number): string {
  const zeros = '0'.repeat(length);
  return store.dialect.lateral ? `right('${zeros}' || i, ${length})` : `substr('${zeros}' || i, -${length})`;
}

async function fillAccounts(store: Store): Promise<void> {
  const names = { username: "'a' || i", username_key: "'n:a' || i" };
  await fill(store, 600, '_trestle_accounts', { ...names, created_at: INSTANT, roles: "'[]'" });
  await fill(store, ROWS, '_trestle_sessions', {
    id: padded(store, 22),
    account: whose,
    generation: '0',
    rotated_at: INSTANT,
    created_at: INSTANT,
    last_used_at: INSTANT,
    expires_at: later,
  });
  await fill(store, ROWS, '_trestle_keys', {
    id: padded(store, 12),
    account: whose,
    name: "'k'",
    hash: "'h' || i",
    active: store.dialect.lateral ? 'true' : '1',
    created_at: INSTANT,
    uses: '0',
  });
  const used = { method: "'GET'", route: "'/x'", status: '200', source: "'s'" };
  await fill(store, ROWS, '_trestle_key_uses', { key: padded(store, 12), at: later, ...used });
  const attempt = { id: "'account:' || i", account: whose, failures: '0', used_at: later };
  await fill(store, ROWS, '_trestle_attempts', attempt);
  await fill(store, ROWS, '_trestle_tickets', { id: "'t' || i", path: "'/x'", expires_at: later });
}

async function fillJobs(store: Store): Promise<void> {
  const uuid = `'00000000-0000-7000-8000-' || ${padded(store, 12)}`;
  await fill(store, 600, '_trestle_accounts', { username: "'a' || i", created_at: INSTANT, roles: "'[]'" });
  await fill(store, 1, 'stages', { name: "'Draft'" });
  await fill(store, 1, 'stages', { name: "'Sent'" });
  await fill(store, ROWS, 'letters', { title: "'l' || i", writer: whose, stage: '1' });
  const row = { resource: "'letters'", row: "'' || i" };
  await fill(store, ROWS, '_trestle_jobs', {
    ...row,
    id: store.dialect.lateral ? `(${uuid})::uuid` : uuid,
    name: "'send'",
    state: "'succeeded'",
    progress: '1',
    attempts: '1',
    fence: '1',
    changes: '3',
    cancel: '0',
    due: '0',
    caller: "''",
    created_at: INSTANT,
    finished_at: later,
  });
  await fill(store, ROWS, '_trestle_moves', { ...row, at: INSTANT, from: "'Draft'", to: "'Sent'" });
}

/** Throws where one of the statements that ran looks at too many rows. */
async function hold(store: Store, run: ReturnType<typeof recorded>['run']): Promise<void> {
  assert.ok(run.length > 0);
  for (const one of run.splice(0)) assert.deepEqual(await scanned(store, one), [], one.query.sql);
}

eachStore('plans of the engine’s own statements', (open) => {
  it('on accounts, sessions, keys, uses, tickets and throttles', async () => {
    const store = await open();
    const { store: recording, run } = recorded(store);
    const demo = await openDemo(recording, {
      accounts: { id: integerId(), password: anyText, keys: { max: ROWS } },
    });
    await fillAccounts(store);
    run.length = 0;
    const { accounts: service, keys, tickets } = demo;
    const { id } = await service.signUp(FROM_HERE, { username: 'ann', password: 'pw' });
    const tokens = await service.signIn(FROM_HERE, { username: 'ann', password: 'pw' });
    await assert.rejects(service.signIn(FROM_HERE, { username: 'ann', password: 'no' }), Problem);
    await assert.rejects(service.signIn(FROM_HERE, { username: 'nobody', password: 'no' }), Problem);
    const ann = await demo.authenticate.bearer(tokens.access, 'write', HERE);
    await service.refresh(FROM_HERE, tokens.refresh ?? '');
    const { key, id: keyId } = await keys.create({ caller: ann }, {});
    await demo.authenticate.key(key, 'write');
    const { ticket } = await tickets.create({ caller: ann }, { path: '/x' });
    await demo.authenticate.ticket(ticket, '/x');
    await demo.purge();
    await hold(store, run);

    for (const query of [{}, { sort: ['username'] }, { filter: { username: { eq: 'a7' } } }]) {
      const page = await service.list(BY_ADMINISTRATOR, query);
      if (page.next) await service.list(BY_ADMINISTRATOR, query, page.next);
    }
    const first = { kind: 'account', account: 1, session: '' } as const;
    for (const caller of [BY_ADMINISTRATOR.caller, first]) {
      const own = caller === first;
      const sessions = await service.sessions({ caller });
      const made = await keys.list({ caller });
      assert.deepEqual([sessions.items.length, made.items.length], own ? [OWN, OWN] : [50, 50]);
      if (sessions.next) await service.sessions({ caller }, {}, sessions.next);
      if (made.next) await keys.list({ caller }, {}, made.next);
      await keys.read({ caller }, String(made.items[0]?.id));
      await keys.uses({ caller }, String(made.items[0]?.id));
    }
    await keys.deactivate({ caller: ann }, keyId);
    await keys.remove({ caller: ann }, keyId);
    await service.endAllSessions({ caller: ann });
    await service.remove(BY_ADMINISTRATOR, id);
    await hold(store, run);
    await demo.close();
  });

  it('on jobs, operations and moves', async () => {
    const store = await open();
    const declared = accounts({ id: integerId() });
    await migrate(store, [
      ...tablesOf(accountResources(declared), declared),
      ...tablesOf(JOB_RESOURCES, declared),
      ...tablesOf(resources, declared),
    ]);
    await fillJobs(store);
    const { store: recording, run } = recorded(store);
    const cursorKey = Buffer.alloc(32);
    const shared = { resources, accounts: declared, store: recording, cursorKey };
    const { services, writers, byName } = openServices(shared);
    const { operations, queue, close } = openJobs({
      app: { resources, accounts: declared, jobs: {} },
      store: recording,
      writers,
      byName,
      cursorKey,
      data: '/nowhere',
      schedule: false,
    });
    const ann = { kind: 'account', account: 1, session: '' } as const;
    const { id } = await services.letters.create({ caller: ann }, { title: 'x' });
    const started = await operations.start(ann, 'letters', id, 'send');
    const { signal } = new AbortController();
    for await (const _ of await operations.events(ann, started.id, { signal }));
    assert.equal((await operations.moves(ann, 'letters', id)).items.length, 1);
    await queue.measure();
    await close();
    const all = await operations.list({ kind: 'administrator' });
    await operations.list({ kind: 'administrator' }, { ...(all.next && { cursor: all.next }) });
    await operations.list({ kind: 'administrator' }, { resource: 'letters', row: 7 });
    assert.equal((await operations.list(ann)).items.length, OWN + 1);
    assert.equal((await operations.list(ann, { resource: 'letters', row: 7 })).items.length, 1);
    await hold(store, run);
  });
});
