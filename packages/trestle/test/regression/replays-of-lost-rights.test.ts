// A repeated Idempotency-Key shows a caller nothing that it may not read any more: not with other roles, and not under other rules.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import {
  accounts,
  anyone,
  app,
  integer,
  integerId,
  type Rule,
  resource,
  role,
  signedIn,
  text,
} from 'trestle';
import { serveApp } from 'trestle/testing';
import { eachPlace } from '../stores.ts';

const id = integerId();
/** An app whose salaries a rule hides. */
const office = (read: Rule<never>) =>
  app({
    name: 'office',
    accounts: accounts({ id, roles: ['hr', 'clerk'] }),
    resources: {
      people: resource({
        id,
        fields: { name: text(), salary: integer({ default: 100, can: { read } }) },
        can: { read: anyone, create: signedIn },
      }),
    },
  });

eachPlace('a repeated Idempotency-Key', (place) => {
  it('shows nothing that its caller has lost the right to read', async (t) => {
    const at = await place();
    const first = await serveApp(office(role('hr')), at);
    let served = first;
    t.after(() => served.close());
    const credentials = { username: 'ann', password: 'a password of a reader' };
    await first.call('POST', '/v1/accounts', { body: credentials });
    const signIn = async () =>
      String(Object((await served.call('POST', '/v1/sessions', { body: credentials })).body).access_token);
    let token = await signIn();
    const setRoles = async (...roles: string[]) => {
      const asked = { body: { roles }, token: served.administrator };
      assert.equal((await served.call('POST', '/v1/accounts/1:set-roles', asked)).status, 200);
    };
    const create = (path: string, key: string, body: unknown) =>
      served.call('POST', path, { token, body, headers: { 'Idempotency-Key': key } });
    const batch = { requests: [{ method: 'POST', path: '/v1/people', body: { name: 'cyd' } }] };
    const asks = [
      () => create('/v1/people', 'one', { name: 'ben' }),
      () => create('/v1/batch', 'batch', batch),
      () => create('/v1/batch', 'apart', { ...batch, atomic: false }),
      () => create('/v1/people:createMany', 'many', { items: [{ name: 'dan' }] }),
    ];
    const answers = async () => Promise.all(asks.map(async (ask) => (await ask()).body));
    const shown = async () => JSON.stringify(await answers());
    const total = async () =>
      Object((await served.call('GET', '/v1/people?count=exact', { token })).body).total;

    await setRoles('clerk', 'hr');
    await answers();
    const repeated = await answers();
    assert.match(JSON.stringify(repeated), /(salary.*){4}/);
    await setRoles('hr', 'clerk');
    assert.deepEqual(await answers(), repeated);

    await setRoles('clerk');
    const refused = await asks[0]?.();
    assert.deepEqual([refused?.status, Object(refused?.body).code], [422, 'idempotency_key_reused']);
    assert.match(Object(refused?.body).detail, /was done.*roles or scopes/);
    assert.doesNotMatch(await shown(), /salary/);
    await setRoles('hr', 'clerk');
    assert.deepEqual(await answers(), repeated);
    assert.equal(await total(), 4);

    // The rule is another one by now.
    await served.close();
    served = await serveApp(office(role('clerk')), at);
    token = await signIn();
    assert.doesNotMatch(await shown(), /salary/);
    assert.equal(await total(), 4);
  });
});
