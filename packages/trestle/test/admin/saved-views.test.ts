// Views of lists that operators keep: each their own, on both databases.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anyone, app, resource, text } from 'trestle';
import { MAX_VIEWS } from '../../src/accounts/operators/saved-views.ts';
import { ADMINISTRATOR, startApps } from '../harness.ts';
import { eachPlace } from '../stores.ts';
import { operatorOf } from './operators.ts';

const notes = resource({ fields: { title: text() }, can: { read: anyone } });
// An app may have resources of these names.
const paper = app({ name: 'paper', resources: { notes, views: notes, saved_views: notes } });

interface Kept {
  id: number;
  resource: string;
  name: string;
  view: object;
}

eachPlace('saved views', (place) => {
  test('are kept for one operator, replaced by their name, and go with the account', async () => {
    await using server = await startApps(paper, await place());
    const root = await operatorOf(server);
    const viewer = await operatorOf(server, 'viewer');
    const listOf = async ({ call }: typeof root) =>
      (await call<{ items: Kept[] }>('GET /v1/admin/views')).body.items.map(({ name, view }) => [name, view]);
    const save = (by: typeof root, name: string, view: object) =>
      by.call<Kept>('PUT /v1/admin/views', { body: { resource: 'notes', name, view } });
    const first = await save(root, 'Mine', { sort: 'title' });
    assert.equal(first.status, 200);
    await save(root, 'Another', { search: 'x' });
    const again = await save(root, 'Mine', { sort: '-title' });
    assert.equal(again.body.id, first.body.id);
    // Viewers change nothing of the app, and keep their own views.
    assert.equal((await save(viewer, 'Mine', { sort: 'id' })).status, 200);
    assert.deepEqual(await listOf(root), [
      ['Another', { search: 'x' }],
      ['Mine', { sort: '-title' }],
    ]);
    assert.deepEqual(await listOf(viewer), [['Mine', { sort: 'id' }]]);
    assert.equal((await viewer.call(`DELETE /v1/admin/views/${first.body.id}`)).status, 404);
    assert.equal((await root.call(`DELETE /v1/admin/views/${first.body.id}`)).status, 204);
    assert.deepEqual(await listOf(root), [['Another', { search: 'x' }]]);
    assert.equal((await save(root, '', {})).status, 422);
    // The last of those that there may be is replaced, too.
    for (let at = 2; at <= MAX_VIEWS; at += 1) await save(root, `View ${at}`, {});
    assert.equal((await save(root, 'One more', {})).status, 409);
    assert.equal((await save(root, `View ${MAX_VIEWS}`, { sort: 'title' })).status, 200);
    for (const { id, name } of (await root.call<{ items: Kept[] }>('GET /v1/admin/views')).body.items)
      if (name.startsWith('View')) await root.call(`DELETE /v1/admin/views/${id}`);
    // No act of an operator on the app.
    const audit = await root.call<{ items: { route: string }[] }>('GET /v1/admin/audit');
    assert.deepEqual(
      audit.body.items.filter(({ route }) => route.includes('views')),
      [],
    );

    const secret = { token: ADMINISTRATOR };
    assert.deepEqual((await server.call('GET /v1/admin/views', secret)).body, { items: [] });
    const body = { resource: 'notes', name: 'x', view: {} };
    assert.equal((await server.call('PUT /v1/admin/views', { ...secret, body })).status, 403);

    const { body: me } = await viewer.call<{ account: { id: string } }>('GET /v1/admin/session');
    assert.ok((await root.call(`DELETE /v1/accounts/${me.account.id}`)).status < 300);
    await operatorOf(server, 'viewer', 'viewer');
    assert.deepEqual(await listOf(root), [['Another', { search: 'x' }]]);
  });
});
