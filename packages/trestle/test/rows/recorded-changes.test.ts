import assert from 'node:assert/strict';
import { it } from 'node:test';
import { accounts, anyone, integerId, reference, resource, text } from 'trestle';
import type { Context } from 'trestle/contract';
import { accountResources } from '../../src/accounts/resources.ts';
import { migrate } from '../../src/database/migrations/migrate.ts';
import { tablesOf } from '../../src/database/tables.ts';
import type { ChangeRecorder } from '../../src/rows/change-recorder.ts';
import { openServices } from '../../src/rows/open-services.ts';
import { inTransaction } from '../../src/rows/transaction.ts';
import { eachStore } from '../stores.ts';

const can = { read: anyone, create: anyone, update: anyone, delete: anyone };
const resources = {
  teams: resource({ id: integerId(), fields: { name: text() }, can }),
  players: resource({
    id: integerId(),
    fields: { team: reference('teams', { nullable: true, onDelete: 'setNull' }) },
    can,
  }),
  matches: resource({
    id: integerId(),
    fields: { team: reference('teams', { onDelete: 'cascade' }) },
    can,
  }),
};
const context: Context = { caller: { kind: 'anonymous' } };

eachStore('recorded changes', (open) => {
  it('are told of every row that a write changes, in its transaction, and of nothing that is undone', async () => {
    const store = await open();
    const declared = accounts({ id: integerId() });
    await migrate(store, [
      ...tablesOf(accountResources(declared), declared),
      ...tablesOf(resources, declared),
    ]);
    const recorded: string[] = [];
    let committed = 0;
    const recorder: ChangeRecorder = {
      records: () => true,
      async record(transaction, changes) {
        for (const { model, before, after } of changes)
          recorded.push(`${model.name} ${JSON.stringify(before)} ${JSON.stringify(after)}`);
        transaction.afterCommit.push(() => {
          committed += 1;
        });
      },
    };
    const { services } = openServices({
      resources,
      accounts: declared,
      store,
      cursorKey: Buffer.alloc(32),
      recorders: [recorder],
    });
    await services.teams.create(context, { name: 'a' });
    await services.players.create(context, { team: 1 });
    await services.matches.create(context, { team: 1 });
    await services.teams.patch(context, 1, { name: 'b' });
    await services.teams.patch(context, 1, { name: 'b' });
    await services.teams.remove(context, 1);
    assert.deepEqual(recorded, [
      'teams undefined {"id":1,"name":"a"}',
      'players undefined {"id":1,"team":1}',
      'matches undefined {"id":1,"team":1}',
      'teams {"id":1,"name":"a"} {"id":1,"name":"b"}',
      'players {"id":1,"team":1} {"id":1,"team":null}',
      'matches {"id":1,"team":1} undefined',
      'teams {"id":1,"name":"b"} undefined',
    ]);
    assert.equal(committed, recorded.length);

    const undone = inTransaction(store, context, async (transaction) => {
      await services.teams.create({ ...context, transaction }, { name: 'gone' });
      const { items } = await services.teams.list({ ...context, transaction });
      assert.equal(items.length, 1, 'reads of the transaction see its writes');
      throw new Error('not after all');
    });
    await assert.rejects(undone, /not after all/);
    assert.deepEqual((await services.teams.list(context)).items, []);
    assert.equal(committed, recorded.length - 1, 'what was left for after the commit did not run');
  });
});
