import assert from 'node:assert/strict';
import { it } from 'node:test';
import {
  all,
  any,
  app,
  author,
  exists,
  integerId,
  its,
  me,
  reference,
  resource,
  signedIn,
  text,
  through,
  where,
} from 'trestle';
import { type Context, Problem, system } from 'trestle/contract';
import { serveApp } from 'trestle/testing';
import { eachPlace } from '../stores.ts';

const members = resource({
  id: integerId(),
  fields: { project: reference('projects'), account: author() },
  can: { read: signedIn, create: signedIn },
});
const projects = resource({
  id: integerId(),
  fields: { name: text(), state: text({ default: 'open' }) },
  can: {
    read: exists('members', { project: its('id'), account: me }),
    create: signedIn,
    update: all(exists('members', { project: its('id'), account: me }), where({ state: 'open' })),
  },
});
/** The verb `create` of each has a rule of another shape. */
const fields = { title: text(), project: reference('projects'), owner: author() };
const tasks = resource({
  id: integerId(),
  fields,
  can: { read: signedIn, create: through('project', 'update') },
});
const notes = resource({
  id: integerId(),
  fields,
  can: {
    read: signedIn,
    create: all(exists('members', { project: its('project'), account: me }), where({ title: { ne: 'no' } })),
  },
});
const other = resource({
  id: integerId(),
  fields,
  can: { read: signedIn, create: any(where({ title: 'yes' }), through('project', 'update')) },
});
const board = app({ name: 'board', resources: { members, projects, tasks, notes, other } });

const codeOf = (write: Promise<unknown>) =>
  write.then(
    () => 'written',
    (error: unknown) => (error instanceof Problem ? error.code : error),
  );

eachPlace('new rows under a rule that other rows decide', (place) => {
  it('are one statement where the rule can be told apart, and are refused with the same words', async (t) => {
    const served = await serveApp(board, await place());
    t.after(() => served.close());
    const { members, projects, tasks, notes, other } = served.engine.services;
    const signUp = async (username: string): Promise<Context> => {
      const body = { username, password: 'a long enough password' };
      const { body: account } = await served.call('POST', '/v1/accounts', { body });
      return { caller: { kind: 'account', account: (account as { id: string }).id, session: 's' } };
    };
    const [ann, bob] = [await signUp('ann'), await signUp('bob')];
    const open = await projects.create(ann, { name: 'open' });
    const closed = await projects.create(ann, { name: 'closed', state: 'closed' });
    for (const { id } of [open, closed])
      await members.create(system({ onBehalfOf: ann.caller }), { project: id });
    const counted = async (write: () => Promise<unknown>): Promise<[unknown, number]> => {
      const before = served.statements();
      return [await codeOf(write()), served.statements() - before];
    };

    assert.deepEqual(await counted(() => tasks.create(ann, { title: 'a', project: open.id })), [
      'written',
      1,
    ]);
    assert.deepEqual(await counted(() => notes.create(ann, { title: 'a', project: open.id })), [
      'written',
      1,
    ]);
    const alternative = await counted(() => other.create(ann, { title: 'a', project: open.id }));
    assert.equal(alternative[0], 'written');

    for (const [caller, project, title, codes] of [
      [ann, closed.id, 'a', ['forbidden', 'written', 'forbidden']],
      [ann, closed.id, 'no', ['forbidden', 'forbidden', 'forbidden']],
      [ann, closed.id, 'yes', ['forbidden', 'written', 'written']],
      [bob, open.id, 'a', ['forbidden', 'forbidden', 'forbidden']],
      [bob, open.id, 'yes', ['forbidden', 'forbidden', 'invalid']],
      [ann, 99, 'a', ['forbidden', 'forbidden', 'forbidden']],
      [{ caller: { kind: 'anonymous' } }, open.id, 'a', ['unauthenticated', 'unauthenticated', 'forbidden']],
    ] as const)
      assert.deepEqual(
        await Promise.all(
          [tasks, notes, other].map((rows) => codeOf(rows.create(caller, { title, project }))),
        ),
        codes,
        `${project} ${title}`,
      );
  });
});
