import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, it } from 'node:test';
import {
  accounts,
  administrator,
  all,
  any,
  anyone,
  app,
  author,
  boolean,
  integer,
  integerId,
  not,
  own,
  resource,
  role,
  signedIn,
  text,
  where,
} from 'trestle';
import { anonymous, system } from 'trestle/contract';
import { type Served, serveApp } from 'trestle/testing';
import { ruleData, ruleText } from '../../../src/schema/rules.ts';
import { eachPlace } from '../../stores.ts';

const notes = resource({
  id: integerId(),
  fields: {
    title: text(),
    open: boolean({ default: true }),
    rank: integer({ default: 0, can: { read: administrator, update: administrator } }),
    writer: author(),
  },
  can: {
    read: any(where({ open: true }), own('writer')),
    create: signedIn,
    update: any(role('editor'), all(own('writer'), where({ open: true }))),
    delete: all(signedIn, not(own('writer'))),
  },
});
const declared = app({
  name: 'notes',
  accounts: accounts({ id: integerId(), roles: ['editor'] }),
  resources: { notes },
});

eachPlace('permissions on a row', (place) => {
  let served: Served;
  const tokens: string[] = [];
  before(async () => {
    served = await serveApp(declared, await place());
    const password = 'the lighthouse keeper paints';
    for (const username of ['ann', 'bob']) {
      const request = { caller: anonymous, origin: { address: '127.0.0.1' } };
      const made = await served.engine.accounts.signUp(request, { username, password });
      tokens.push((await served.engine.accounts.signIn(request, { username, password })).access);
      const context = system({ onBehalfOf: { kind: 'account', account: made.id, session: '' } });
      await served.engine.byName.get('notes')?.create(context, { title: username, open: username === 'ann' });
    }
  });
  after(() => served.close());
  const ask = async (path: string, token?: string) => {
    const { status, body } = await served.call('GET', `/v1/notes/${path}`, { token });
    return status === 200 ? body : status;
  };

  it('says what the caller may do, without a trace of what may not be read', async () => {
    const fields = { read: ['id', 'title', 'open', 'writer'], update: ['title', 'open'] };
    const ofAnn = { read: true, update: true, delete: false, operations: {}, fields };
    assert.deepEqual(await ask('1:can', tokens[0]), ofAnn);
    assert.deepEqual(await ask('1:can', tokens[1]), { ...ofAnn, update: false, delete: true });
    assert.deepEqual(await ask('1:can'), { ...ofAnn, update: false });
    assert.equal(await ask('2:can', tokens[0]), 404);
    assert.equal(await ask('7:can', tokens[0]), 404);
    assert.equal(await ask('1:can?account=1', tokens[1]), 403);
  });

  it('tells the administrator which part of the rule decides for another account', async () => {
    const told = (await ask('2:can?account=1', served.administrator)) as Record<string, unknown>;
    assert.deepEqual(told.read, { allowed: false, because: "any(where({ open: true }), own('writer'))" });
    assert.deepEqual(told.delete, { allowed: true, because: "all(signedIn, not(own('writer')))" });
    const own_ = (await ask('1:can?account=1', served.administrator)) as Record<string, unknown>;
    assert.deepEqual(own_.read, { allowed: true, because: 'where({ open: true })' });
    assert.deepEqual(own_.delete, { allowed: false, because: "not(own('writer'))" });
    assert.equal(await ask('1:can?account=9', served.administrator), 404);
    const mine = (await ask('1:can', served.administrator)) as { fields: { read: string[] } };
    assert.ok(mine.fields.read.includes('rank'));
  });
});

it('`trestle rules` prints who may do what', () => {
  const run = (...options: string[]) => {
    const command = ['packages/trestle/bin/trestle.js', 'rules', 'changelog', ...options];
    const { stdout, status, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    return stdout;
  };
  const line = run()
    .split('\n')
    .find((each) => each.startsWith('read'));
  assert.match(line ?? '', /^read +(all|some|-) +(all|some|-) +(all|some|-) +\w/);
  const [first] = JSON.parse(run('--json'));
  assert.deepEqual(Object.keys(first), ['app', 'resource', 'action', 'rule', 'callers']);
  assert.deepEqual(Object.keys(first.callers), ['anonymous', 'account', 'viewer', 'administrator']);
  assert.equal(anyone.kind, 'anyone');
  // A rule that is given twice, such as the default of `grant` beside the administrator, is printed once.
  assert.equal(
    ruleText(ruleData(any(signedIn, administrator, administrator))),
    'any(signedIn, administrator)',
  );
});
