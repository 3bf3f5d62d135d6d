// The event stream of an operation ends within a second of the end of its session, of its key and of its account.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { app, resource, signedIn, state, text } from 'trestle';
import { serveApp } from 'trestle/testing';
import { eachPlace } from '../stores.ts';

const stages = resource({
  fields: { name: text({ unique: true }) },
  can: { read: signedIn },
  rows: [{ name: 'Draft' }, { name: 'Sent' }],
});
const letters = resource({
  fields: { title: text(), stage: state('stages', { initial: 'Draft' }) },
  can: { read: signedIn, create: signedIn, update: signedIn },
  lifecycle: {
    field: 'stage',
    operations: {
      send: {
        from: 'Draft',
        to: 'Sent',
        run: ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', reject)),
      },
    },
  },
});

eachPlace('an event stream', (place) => {
  it('ends with the credentials that opened it', { timeout: 60_000 }, async () => {
    const served = await serveApp(app({ name: 'post', resources: { stages, letters } }), await place());
    const { call, url, administrator } = served;
    const credentials = { username: 'ann', password: 'a long enough password of a test' };
    const account = (await call('POST', '/v1/accounts', { body: credentials })).body as { id: string };
    const signIn = async () =>
      (await call('POST', '/v1/sessions', { body: credentials })).body as { access_token: string };
    const [{ access_token: first }, { access_token: other }] = [await signIn(), await signIn()];
    const created = await call('POST', '/v1/keys', { token: other, body: { name: 'reader' } });
    const key = created.body as { id: string; key: string };
    const letter = await call('POST', '/v1/letters', { token: other, body: { title: 'x' } });
    const started = await call('POST', `/v1/letters/${(letter.body as { id: string }).id}:send`, {
      token: other,
    });
    assert.equal(started.status, 202);
    const path = `/v1/operations/${(started.body as { id: string }).id}/events`;
    const revocations = {
      [first]: async () => {
        const { body } = await call('GET', '/v1/sessions', { token: first });
        const { items } = body as { items: { id: string; current: boolean }[] };
        const session = items.find(({ current }) => current);
        return call('DELETE', `/v1/sessions/${session?.id}`, { token: first });
      },
      [key.key]: () => call('DELETE', `/v1/keys/${key.id}`, { token: other }),
      [other]: () => call('POST', `/v1/accounts/${account.id}:disable`, { token: administrator }),
    };
    for (const [token, revoke] of Object.entries(revocations)) {
      const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } });
      assert.equal(response.status, 200);
      const revoked = await revoke();
      assert.ok(revoked.status < 300, JSON.stringify(revoked.body));
      const at = performance.now();
      // Read to its end, be it a clean one or a cut.
      await response.text().catch(() => '');
      assert.ok(performance.now() - at < 10_000, `${performance.now() - at} ms`);
      const again = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } });
      assert.equal(again.status, 401);
    }
    await served.close();
  });
});
