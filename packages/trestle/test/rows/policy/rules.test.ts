import assert from 'node:assert/strict';
import { before, it } from 'node:test';
import {
  accounts,
  all,
  any,
  anyone,
  exists,
  integerId,
  its,
  me,
  not,
  own,
  type Rules,
  role,
  signedIn,
  through,
  where,
} from 'trestle';
import type { Caller } from 'trestle/contract';
import type { Store } from '../../../src/database/store.ts';
import { tablesOf } from '../../../src/database/tables.ts';
import { Problem } from '../../../src/problems.ts';

import { anonymous } from '../../../src/schema/caller.ts';
import { eachStore } from '../../stores.ts';
import { account, administrator, type BoardService, board, key, migrateBoard, openBoard } from './board.ts';

const [ann, bob, cy] = [account(1), account(2), account(3, 'editor')];
const member = exists('memberships', { team: its('team'), member: me, rank: ['owner', 'editor'] });

/** The code of the problem that a call throws; `done` where it throws none. */
async function outcome(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'done',
    (error) => (error instanceof Problem ? error.code : Promise.reject(error)),
  );
}

eachStore('rules of writes', (open) => {
  let store: Store;
  before(async () => {
    store = await open();
    await migrateBoard(store, board({ projects: { read: member } }));
  });

  /** A board under some rules, over the same rows. */
  function opened(can: { tasks?: Rules; projects?: Rules }) {
    const { byName, writers } = openBoard(store, board(can));
    const service = (name: string): BoardService => byName.get(name) ?? assert.fail(name);
    const put = (name: string, body: object, caller: Caller = anonymous) =>
      (writers.get(name) ?? assert.fail(name)).write({ caller }, { verb: 'create', body, trusted: true });
    return { tasks: service('tasks'), projects: service('projects'), put };
  }

  const task = { state: 'draft' };

  it('asks about a new row as it will be', async () => {
    const create = all(signedIn, where({ state: ['draft', 'open'] }));
    const { tasks } = opened({ tasks: { read: signedIn, create } });
    assert.equal(await outcome(tasks.create({ caller: ann }, { state: 'draft' })), 'done');
    assert.equal(await outcome(tasks.create({ caller: ann }, { state: 'done' })), 'forbidden');
    assert.equal(await outcome(tasks.create({ caller: anonymous }, { state: 'draft' })), 'unauthenticated');
    const own_ = opened({ tasks: { read: anyone, create: own('owner') } }).tasks;
    assert.equal((await own_.create({ caller: ann }, task)).owner, 1);
    assert.equal(
      await outcome(own_.create({ caller: key(null) }, task)),
      'forbidden',
      'a service key owns none',
    );
    assert.equal(await outcome(own_.create({ caller: administrator }, task)), 'done');
  });

  it('asks about a row before and after an update: nobody moves one out of reach, or into it', async () => {
    const update = where({ state: ['draft', 'open'] });
    const { tasks, put } = opened({ tasks: { read: anyone, update, delete: update } });
    const row = await put('tasks', { state: 'draft' });
    const done = await put('tasks', { state: 'done' });
    const patch = (id: typeof row.id, body: object) => outcome(tasks.patch({ caller: ann }, id, body));
    assert.equal(await patch(row.id, { state: 'open' }), 'done');
    assert.equal(await patch(row.id, { title: 'new' }), 'done', 'one statement, when the rule cannot change');
    assert.equal(await patch(row.id, { state: 'done' }), 'forbidden');
    assert.equal(await patch(done.id, { state: 'open' }), 'forbidden');
    assert.equal(await outcome(tasks.replace({ caller: ann }, row.id, { state: 'done' })), 'forbidden');
    assert.equal(
      (await tasks.read({ caller: ann }, row.id)).state,
      'open',
      'what is refused changes nothing',
    );
    assert.equal(await outcome(tasks.remove({ caller: ann }, done.id)), 'forbidden');
    assert.equal(await outcome(tasks.remove({ caller: ann }, row.id)), 'done');
  });

  it('asks other rows inside the transaction of the write', async () => {
    const projects = {
      read: any(member, own('lead')),
      update: member,
      create: any(member, role('editor')),
      delete: member,
    };
    const inTeam = {
      read: through('project'),
      create: through('project', 'update'),
      update: through('project'),
    };
    const { tasks, projects: service, put } = opened({ projects, tasks: inTeam });
    const [red, blue] = [await put('teams', { name: 'red' }), await put('teams', { name: 'blue' })];
    await put('memberships', { team: red.id, member: 1, rank: 'owner', since: '2026-01-01T00:00:00Z' });
    await put('memberships', { team: blue.id, member: 1, rank: 'guest', since: '2026-01-01T00:00:00Z' });
    const create = (caller: Caller, team: unknown) =>
      outcome(service.create({ caller }, { team, open: true }));
    assert.equal(await create(ann, red.id), 'done');
    assert.equal(await create(ann, blue.id), 'forbidden', 'a guest');
    assert.equal(await create(bob, red.id), 'forbidden');
    assert.equal(await create(cy, blue.id), 'done', 'by role');
    assert.equal(await create(key(null), red.id), 'forbidden');
    assert.equal(await create(administrator, blue.id), 'done');

    const mine = await put('projects', { team: red.id, open: true, lead: null });
    const theirs = await put('projects', { team: blue.id, open: true, lead: 1 });
    assert.equal(await outcome(service.patch({ caller: ann }, mine.id, { open: false })), 'done');
    assert.equal(await outcome(service.patch({ caller: ann }, mine.id, { team: blue.id })), 'forbidden');
    assert.equal(await outcome(service.patch({ caller: ann }, theirs.id, { open: false })), 'forbidden');
    assert.equal(await outcome(service.patch({ caller: bob }, mine.id, { open: false })), 'not_found');
    assert.equal(await outcome(service.remove({ caller: bob }, mine.id)), 'not_found');
    assert.equal(await outcome(service.remove({ caller: ann }, theirs.id)), 'forbidden');

    const added = await tasks.create({ caller: ann }, { ...task, project: mine.id });
    assert.equal(await outcome(tasks.create({ caller: ann }, { ...task, project: theirs.id })), 'forbidden');
    assert.equal(await outcome(tasks.create({ caller: ann }, { ...task, project: null })), 'forbidden');
    assert.equal(await outcome(tasks.patch({ caller: ann }, added.id, { project: theirs.id })), 'forbidden');
    assert.equal(await outcome(tasks.patch({ caller: ann }, added.id, { title: 'x' })), 'done');
    assert.deepEqual((await tasks.list({ caller: bob })).items, []);
    assert.deepEqual(
      (await tasks.list({ caller: ann })).items.map(({ id }) => id),
      [added.id],
    );
    assert.equal(
      await outcome(service.remove({ caller: ann }, mine.id)),
      'conflict',
      'the rule lets it, the task does not',
    );
    assert.equal(await outcome(tasks.list({ caller: anonymous })), 'unauthenticated');
  });

  it('lets roles in with the next request, and the administrator past every condition on the caller', async () => {
    const { tasks, put } = opened({
      tasks: {
        read: role('hr'),
        update: all(role('hr'), not(own('owner'))),
        delete: all(own('owner'), where({ state: 'draft' })),
      },
    });
    const row = await put('tasks', { state: 'done', owner: 1 });
    const list = (caller: Caller) => outcome(tasks.list({ caller }));
    assert.deepEqual(
      await Promise.all(
        [anonymous, account(1), account(1, 'editor'), account(1, 'hr'), administrator].map(list),
      ),
      ['unauthenticated', 'forbidden', 'forbidden', 'done', 'done'],
    );
    const patch = (caller: Caller) =>
      outcome(tasks.patch({ caller }, row.id, { title: 'x' }, { touch: true }));
    assert.equal(await patch(account(1, 'hr')), 'forbidden');
    assert.equal(await patch(account(2, 'hr')), 'done');
    assert.equal(await patch(account(2, 'administrator')), 'done');
    assert.equal(await patch(administrator), 'done');
    assert.equal(
      await outcome(tasks.remove({ caller: administrator }, row.id)),
      'forbidden',
      'a condition on the row',
    );
  });

  it('makes the index that exists needs, and needs one query for a list', async () => {
    const { projects, put } = opened({ projects: { read: member } });
    await put('projects', { team: null, open: true });
    const before_ = store.statements;
    await projects.list({ caller: ann }, { limit: 10 });
    assert.equal(store.statements - before_, 1);
    const table = board({ projects: { read: member } });
    const memberships = tablesOf(table, accounts({ id: integerId() })).find(
      ({ name }) => name === 'memberships',
    );
    assert.ok(memberships?.indexes.some(({ columns }) => columns.join() === 'member,team,rank,id'));
  });
});
