// The list of operations asks each caller's own rule, whoever asked before: the statement of one class of callers is not that of another.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import {
  accounts,
  all,
  any,
  anyone,
  app,
  author,
  integerId,
  own,
  resource,
  role,
  signedIn,
  state,
  text,
  uuidId,
  where,
} from 'trestle';
import { system } from 'trestle/contract';
import { serveApp } from 'trestle/testing';
import { eachPlace } from '../stores.ts';

const id = integerId();
const fields = { title: text(), owner: author(), step: state('steps', { initial: 'new' }) };
const can = {
  read: any(own('owner'), all(role('clerk'), where({ title: 'shown' }))),
  create: signedIn,
  update: signedIn,
};
const lifecycle = {
  field: 'step',
  operations: { finish: { from: 'new', to: 'done', run: async () => ({}) } },
} as const;
const steps = resource({
  id,
  fields: { name: text({ unique: true }) },
  can: { read: anyone },
  rows: [{ name: 'new' }, { name: 'done' }],
});
const tasks = resource({ id, fields, can, lifecycle });
// Ids of another kind stand in the same table.
const letters = resource({ id: uuidId(), fields, can, lifecycle });
const office = app({
  name: 'office',
  accounts: accounts({ id, roles: ['clerk'] }),
  resources: { steps, tasks, letters },
});

eachPlace('operations of rows that some classes of callers may read', (place) => {
  it('are listed and read by those alone', async (t) => {
    const served = await serveApp(office, await place());
    t.after(() => served.close());
    const tokens: Record<string, string> = {};
    for (const username of ['ann', 'ben', 'cyd', 'dan']) {
      const body = { username, password: 'a password of a clerk' };
      await served.call('POST', '/v1/accounts', { body });
      const { body: made } = await served.call('POST', '/v1/sessions', { body });
      tokens[username] = String(Object(made).access_token);
    }
    for (const account of [3, 4])
      await served.call('POST', `/v1/accounts/${account}:set-roles`, {
        body: { roles: ['clerk'] },
        token: served.administrator,
      });
    const ann = system({ onBehalfOf: { kind: 'account', account: 1, session: '' } });
    const { services } = served.engine;
    const started: string[] = [];
    for (const title of ['shown', 'closed']) {
      const task = await services.tasks.create(ann, { title });
      const letter = await services.letters.create(ann, { title });
      for (const path of [`tasks/${task.id}`, `letters/${letter.id}`]) {
        const { status, body } = await served.call('POST', `/v1/${path}:finish`, { token: tokens.ann });
        assert.equal(status, 202, JSON.stringify(body));
        started.push(String(Object(body).id));
      }
    }
    const [ofTask, ofLetter, ...closed] = started;
    const visible = { ann: started, ben: [], cyd: [ofTask, ofLetter], dan: [ofTask, ofLetter] };
    for (const [name, expected] of Object.entries(visible)) {
      const token = tokens[name];
      const { body } = await served.call('GET', '/v1/operations', { token });
      const listed = Object(body).items.map((one: { id: string }) => one.id);
      assert.deepEqual(listed.toSorted(), expected.toSorted(), name);
      for (const operation of started) {
        const { status } = await served.call('GET', `/v1/operations/${operation}`, { token });
        assert.equal(status, listed.includes(operation) ? 200 : 404, name);
      }
    }
    assert.equal(closed.length, 2);
  });
});
