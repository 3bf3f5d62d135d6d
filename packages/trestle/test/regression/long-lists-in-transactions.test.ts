// A list of more than 500 rows inside a transaction: an operator's change by filter, and own code, were refused with 500 on SQLite.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anyone, app, integerId, resource, text } from 'trestle';
import type { Context } from '../../src/schema/caller.ts';
import { ADMINISTRATOR, startApps } from '../harness.ts';
import { eachPlace } from '../stores.ts';

const notes = app({
  name: 'notes',
  resources: {
    notes: resource({
      id: integerId(),
      fields: { body: text({ max: 20 }) },
      can: { read: anyone, create: anyone, update: anyone, delete: anyone },
    }),
  },
});

eachPlace('long lists in transactions', (place) => {
  test('are read whole', async () => {
    await using served = await startApps(notes, await place());
    const items = Array.from({ length: 1000 }, (_, at) => ({ body: String(at) }));
    assert.equal((await served.call('POST /v1/notes:createMany', { body: { items } })).status, 201);
    // What an operator changes is recorded in the transaction of the change, which the search is in then.
    const all = 'max=1000&filter[id][gte]=1';
    const changed = await served.call(`PATCH /v1/notes?${all}`, {
      token: ADMINISTRATOR,
      body: { body: 'x' },
    });
    assert.deepEqual([changed.status, changed.body], [200, { count: 1000 }]);
    const [engine] = served.engines;
    assert.ok(engine);
    const context: Context = { caller: { kind: 'anonymous' } };
    const found = await engine.context.transaction(context, async (joined) => {
      const page = await engine.services.notes?.list(joined, { limit: 800, filter: { body: { eq: 'x' } } });
      return page?.items.length;
    });
    assert.equal(found, 800);
    const deleted = await served.call(`DELETE /v1/notes?${all}`, { token: ADMINISTRATOR });
    assert.deepEqual([deleted.status, deleted.body], [200, { count: 1000 }]);
  });
});
