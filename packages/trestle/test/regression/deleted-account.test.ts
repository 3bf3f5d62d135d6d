// A row whose author's account is deleted has another version and ETag; sessions and keys of the account are gone.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { accounts, anyone, anyText, app, author, integerId, resource, signedIn, text } from 'trestle';
import { serveApp } from 'trestle/testing';
import { eachPlace } from '../stores.ts';

const notes = resource({
  id: integerId(),
  fields: { title: text(), written_by: author() },
  can: { read: anyone, create: signedIn, update: anyone },
});
const board = app({ name: 'board', accounts: accounts({ password: anyText }), resources: { notes } });

eachPlace('the deletion of an account', (place) => {
  it('changes the ETag of its rows and ends its credentials', async () => {
    const served = await serveApp(board, await place());
    const { call, administrator } = served;
    const credentials = { username: 'ann', password: 'pass' };
    const { id } = (await call('POST', '/v1/accounts', { body: credentials })).body as { id: string };
    const signedIn = await call('POST', '/v1/sessions', { body: credentials });
    const { access_token: token } = signedIn.body as { access_token: string };
    const { key } = (await call('POST', '/v1/keys', { token, body: {} })).body as { key: string };
    const created = await call('POST', '/v1/notes', { token, body: { title: 'x' } });
    const path = created.headers.get('location') ?? '';
    const tag = created.headers.get('etag') ?? '';

    assert.equal((await call('DELETE', `/v1/accounts/${id}`, { token: key, body: {} })).status, 403);
    assert.equal((await call('DELETE', `/v1/accounts/${id}`, { token: administrator })).status, 204);

    const read = await call('GET', path, { headers: { 'If-None-Match': tag } });
    assert.equal(read.status, 200);
    assert.notEqual(read.headers.get('etag'), tag);
    assert.equal((read.body as { written_by: unknown }).written_by, null);
    const stale = await call('PATCH', path, { body: { title: 'y' }, headers: { 'If-Match': tag } });
    assert.equal(stale.status, 412);
    for (const credential of [token, key])
      assert.equal((await call('GET', '/v1/me', { token: credential })).status, 401);
    await served.close();
  });
});
