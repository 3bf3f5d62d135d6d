// A sign-up whose key cannot be made leaves no account: of records, the user name stays free, and nothing is told of it.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { serveApp } from 'trestle/testing';
import records from '../../../../apps/records/app.ts';
import { runSql } from '../run-sql.ts';
import { eachPlace } from '../stores.ts';

eachPlace('a sign-up with a key', (place) => {
  it('is one transaction', async (t) => {
    const served = await serveApp(records, await place());
    t.after(() => served.close());
    const { call, engine } = served;
    await runSql(engine.store, 'alter table _trestle_keys rename to hidden');
    assert.equal((await call('GET', '/api/generate_key/thor')).status, 500);
    await runSql(engine.store, 'alter table hidden rename to _trestle_keys');
    assert.equal((await engine.measure()).events.get('signed_up'), undefined);

    const again = await call('GET', '/api/generate_key/thor');
    assert.equal(again.status, 200);
    const { events } = await engine.measure();
    assert.deepEqual([events.get('signed_up'), events.get('key_created')], [1, 1]);
    assert.equal((await call('GET', '/api/generate_key/thor')).status, 409);
  });

  it('joins the verbs of rows, in one commit', async (t) => {
    const served = await serveApp(records, await place());
    t.after(() => served.close());
    const { accounts, keys, services, transaction } = served.engine.context;
    const caller = { kind: 'administrator' } as const;
    const context = { caller, origin: { address: '192.0.2.1' } };
    const write = (name: string) =>
      transaction(context, async (tx) => {
        const { id } = await accounts.signUp(tx, { username: 'loki' });
        await keys.create(tx, { account: id });
        const first = await services.records.create(tx, { value1: name });
        return transaction(tx, (inner) => services.records.patch(inner, first.id, { value2: name.length }));
      });
    assert.equal((await write('one')).value2, 3);
    await assert.rejects(write('two'), { code: 'conflict' });
    const { items } = await services.records.list({ caller });
    assert.deepEqual(
      items.map(({ value1 }) => value1),
      ['one'],
    );
  });
});
