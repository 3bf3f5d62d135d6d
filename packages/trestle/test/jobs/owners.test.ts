import assert from 'node:assert/strict';
import { it } from 'node:test';
import { anonymous, type Caller, Problem } from '../../src/contract.ts';
import { openEngine } from '../../src/engine.ts';
import { app, author, own, resource, signedIn, state, text } from '../../src/index.ts';
import { eachPlace } from '../stores.ts';

const statuses = resource({
  fields: { name: text({ unique: true }) },
  can: { read: signedIn },
  rows: [{ name: 'Draft' }, { name: 'Sent' }],
});

const letters = resource({
  fields: { title: text(), writer: author(), status: state('statuses', { initial: 'Draft' }) },
  can: { read: own('writer'), create: signedIn, update: own('writer'), delete: own('writer') },
  lifecycle: { field: 'status', operations: { send: { from: 'Draft', to: 'Sent', run: async () => ({}) } } },
});

const rejects = (code: string) => (error: unknown) => error instanceof Problem && error.code === code;

eachPlace('operations on rows of an owner', (place) => {
  it('are started, seen and cancelled by the owner alone', async () => {
    const engine = await openEngine(app({ name: 'post', resources: { statuses, letters } }), await place());
    const { services, operations } = engine;
    const join = async (username: string): Promise<Caller> => {
      const password = 'a long enough password of a test';
      const context = { caller: anonymous, origin: { address: '127.0.0.1' } };
      const { id } = await engine.accounts.signUp(context, { username, password });
      const { session } = await engine.accounts.signIn(context, { username, password });
      return { kind: 'account', account: id, session };
    };
    const [ann, bob] = [await join('ann'), await join('bob')];
    const limited: Caller = {
      kind: 'key',
      account: ann.kind === 'account' ? ann.account : '',
      key: 'k',
      scopes: ['statuses:read'],
    };
    const { id } = await services.letters.create({ caller: ann }, { title: 'Dear Bob' });
    await assert.rejects(operations.start(bob, 'letters', id, 'send'), rejects('not_found'));
    await assert.rejects(operations.start(anonymous, 'letters', id, 'send'), rejects('unauthenticated'));
    await assert.rejects(operations.start(limited, 'letters', id, 'send'), rejects('forbidden'));
    const sent = await operations.start(ann, 'letters', id, 'send');
    const signal = new AbortController().signal;
    for await (const _ of await operations.events(ann, sent.id, { signal }));
    assert.equal((await operations.read(ann, sent.id)).state, 'succeeded');
    assert.deepEqual(
      (await operations.list(ann)).items.map((one) => one.id),
      [sent.id],
    );
    assert.equal(
      (await operations.moves(ann, 'letters', id)).items[0]?.by,
      ann.kind === 'account' && ann.account,
    );
    assert.deepEqual((await operations.list(bob)).items, []);
    assert.deepEqual((await operations.list(limited)).items, []);
    for (const attempt of [
      () => operations.read(bob, sent.id),
      () => operations.cancel(bob, sent.id),
      () => operations.events(bob, sent.id, { signal }),
      () => operations.moves(bob, 'letters', id),
      () => operations.move(bob, 'letters', id, { state: 'Draft' }),
    ])
      await assert.rejects(attempt(), rejects('not_found'));
    await assert.rejects(operations.list(anonymous), rejects('unauthenticated'));
    await assert.rejects(operations.read(anonymous, sent.id), rejects('unauthenticated'));
    await services.letters.remove({ caller: ann }, id);
    assert.equal((await operations.read(ann, sent.id)).state, 'succeeded');
    await assert.rejects(operations.read(bob, sent.id), rejects('not_found'));
    await engine.close();
  });
});
