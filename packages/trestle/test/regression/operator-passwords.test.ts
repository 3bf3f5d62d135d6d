// An operator's password is strict wherever it is set, also in an app that takes any.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accounts, anyone, anyText, app, resource, text } from 'trestle';
import { operatorOf, PASSWORD, signInAt } from '../admin/operators.ts';
import { ADMINISTRATOR, startApps } from '../harness.ts';
import { eachPlace } from '../stores.ts';

const notes = resource({ fields: { title: text() }, can: { read: anyone } });
const lax = app({ name: 'lax', accounts: accounts({ password: anyText }), resources: { notes } });

eachPlace('passwords of operators', (place) => {
  test('are long and uncommon after a change and a reset', async () => {
    await using server = await startApps(lax, await place());
    const root = await operatorOf(server);
    const { body } = await root.call<{ account: { id: number } }>('GET /v1/admin/session');
    for (const [next, code] of [
      ['abc', 'min_length'],
      ['qwertyuiopasdfghjkl', 'common'],
    ] as const) {
      const change = { body: { current: PASSWORD, next } };
      const changed = await root.call<{ errors: { pointer: string; code: string }[] }>(
        'PATCH /v1/me',
        change,
      );
      assert.equal(changed.status, 422, JSON.stringify(changed.body));
      assert.deepEqual([changed.body.errors[0]?.pointer, changed.body.errors[0]?.code], ['/next', code]);
      const line = `POST /v1/accounts/${body.account.id}:reset-password`;
      const reset = await server.call(line, { token: ADMINISTRATOR, body: { password: next } });
      assert.equal(reset.status, 422, JSON.stringify(reset.body));
    }
    const next = 'another heron stands quite still';
    assert.equal((await root.call('PATCH /v1/me', { body: { current: PASSWORD, next } })).status, 204);
    await signInAt(server.url, 'administrator', next);
  });

  test('others choose as the app lets them', async () => {
    await using server = await startApps(lax, await place());
    const credentials = { username: 'ann', password: 'a' };
    await server.call('POST /v1/accounts', { body: credentials });
    const { body } = await server.call<{ access_token: string }>('POST /v1/sessions', { body: credentials });
    const change = { token: body.access_token, body: { current: 'a', next: 'b' } };
    assert.equal((await server.call('PATCH /v1/me', change)).status, 204);
  });
});
