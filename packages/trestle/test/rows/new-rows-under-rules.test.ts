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
  not,
  reference,
  resource,
  signedIn,
  text,
  through,
  where,
} from 'trestle';
import { Problem, system } from 'trestle/contract';
import { serveApp } from 'trestle/testing';
import { eachPlace } from '../stores.ts';
import { signUp } from './sign-up.ts';

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
const unlike = resource({
  id: integerId(),
  fields,
  can: {
    read: signedIn,
    create: all(signedIn, not(all(where({ title: 'no' }), not(through('project', 'update'))))),
  },
});
const board = app({ name: 'board', resources: { members, projects, tasks, notes, other, unlike } });

const codeOf = (write: Promise<unknown>) =>
  write.then(
    () => 'written',
    (error: unknown) => (error instanceof Problem ? error.code : error),
  );

eachPlace('new rows under a rule that other rows decide', (place) => {
  it('are one statement, and are refused with the same words', async (t) => {
    const served = await serveApp(board, await place());
    t.after(() => served.close());
    const { members, projects, tasks, notes, other, unlike } = served.engine.services;
    const [ann, bob] = [await signUp(served, 'ann'), await signUp(served, 'bob')];
    const open = await projects.create(ann, { name: 'open' });
    const closed = await projects.create(ann, { name: 'closed', state: 'closed' });
    for (const { id } of [open, closed])
      await members.create(system({ onBehalfOf: ann.caller }), { project: id });
    const counted = async (write: () => Promise<unknown>): Promise<[unknown, number]> => {
      const before = served.statements();
      return [await codeOf(write()), served.statements() - before];
    };

    for (const rows of [tasks, notes, other, unlike])
      for (const title of ['a', 'yes'])
        assert.deepEqual(await counted(() => rows.create(ann, { title, project: open.id })), ['written', 1]);

    for (const [caller, project, title, codes] of [
      [ann, closed.id, 'a', ['forbidden', 'written', 'forbidden', 'written']],
      [ann, closed.id, 'no', ['forbidden', 'forbidden', 'forbidden', 'forbidden']],
      [ann, closed.id, 'yes', ['forbidden', 'written', 'written', 'written']],
      [bob, open.id, 'a', ['forbidden', 'forbidden', 'forbidden', 'invalid']],
      [bob, open.id, 'no', ['forbidden', 'forbidden', 'forbidden', 'forbidden']],
      [ann, open.id, 'no', ['written', 'forbidden', 'written', 'written']],
      [bob, open.id, 'yes', ['forbidden', 'forbidden', 'invalid', 'invalid']],
      [ann, 99, 'a', ['forbidden', 'forbidden', 'forbidden', 'invalid']],
      [
        { caller: { kind: 'anonymous' } },
        open.id,
        'a',
        ['unauthenticated', 'unauthenticated', 'forbidden', 'unauthenticated'],
      ],
    ] as const)
      assert.deepEqual(
        await Promise.all(
          [tasks, notes, other, unlike].map((rows) => codeOf(rows.create(caller, { title, project }))),
        ),
        codes,
        `${project} ${title}`,
      );
  });
});
