// An integer id in another notation, such as 0x1 or 1e0, is no id: the preview of a deletion took it for that of row 1.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accounts, anyone, app, integerId, resource, signedIn, text } from 'trestle';
import { operatorOf } from '../admin/operators.ts';
import { startApps } from '../harness.ts';
import { eachPlace } from '../stores.ts';

const notes = resource({
  id: integerId(),
  fields: { title: text() },
  can: { read: anyone, create: signedIn, delete: signedIn },
});
const paper = app({ name: 'paper', accounts: accounts(), resources: { notes } });

eachPlace('ids in other notations', (place) => {
  test('are those of no row, whichever route is asked', async () => {
    await using server = await startApps(paper, await place());
    const root = await operatorOf(server);
    const { body: note } = await root.call<{ id: number }>('POST /v1/notes', { body: { title: 'A' } });
    assert.equal(note.id, 1);
    for (const path of ['/v1/notes', '/v1/admin/deletions/notes']) {
      assert.equal((await root.call(`GET ${path}/1`)).status, 200, path);
      for (const id of ['0x1', '1e0', '1.0'])
        assert.equal((await root.call(`GET ${path}/${id}`)).status, 404, `${path}/${id}`);
    }
  });
});
