// A key whose scopes do not include reading a resource does not learn which rows of it exist by referring to them.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { accounts, anyone, app, integerId, reference, resource, signedIn, text } from 'trestle';
import { type Served, serveApp } from 'trestle/testing';
import { eachPlace } from '../stores.ts';

const can = { read: anyone, create: signedIn, update: signedIn, delete: signedIn };
const resources = {
  projects: resource({ id: integerId(), fields: { title: text() }, can }),
  updates: resource({
    id: integerId(),
    fields: { body: text(), project: reference('projects', { nullable: true, onDelete: 'setNull' }) },
    can,
  }),
};
const changes = app({ name: 'changes', accounts: accounts({ id: integerId() }), resources });

eachPlace('a key that may not read what a body refers to', (place) => {
  let served: Served;
  let writer: string;
  let reader: string;
  before(async () => {
    served = await serveApp(changes, await place());
    const administrator = { caller: { kind: 'administrator' }, origin: { address: '127.0.0.1' } } as const;
    const credentials = { username: 'writer', password: 'Passw0rd!of-the-test' };
    const { id: account } = await served.engine.accounts.signUp(administrator, credentials);
    const scopes = ['updates:create', 'updates:update'];
    writer = (await served.engine.keys.create(administrator, { account, name: 'writer', scopes })).key;
    const more = [...scopes, 'projects:read'];
    reader = (await served.engine.keys.create(administrator, { account, name: 'reader', scopes: more })).key;
    await served.call('POST', '/v1/projects', { token: served.administrator, body: { title: 'one' } });
    await served.call('POST', '/v1/updates', { token: served.administrator, body: { body: 'mine' } });
  });
  after(() => served.close());

  const writes = [
    ['POST', '/v1/updates', 201],
    ['PUT', '/v1/updates/1', 200],
    ['PATCH', '/v1/updates/1', 200],
  ] as const;
  for (const [method, path, allowed] of writes)
    it(`${method}: a row that is there is refused like one that is not`, async () => {
      const write = (token: string, project: number | null) =>
        served.call(method, path, { token, body: { body: 'x', project } });
      // Only a reference that an update changes is checked.
      await write(reader, null);
      const there = await write(writer, 1);
      const missing = await write(writer, 999);
      assert.deepEqual([there.status, missing.status], [422, 422]);
      const anonymized = (reply: typeof there) => JSON.stringify(reply.body).replaceAll(/\b(1|999)\b/g, 'ID');
      const withoutRequest = (text: string) => text.replace(/"(instance|request_?id)":"[^"]*"/gi, '');
      assert.equal(withoutRequest(anonymized(there)), withoutRequest(anonymized(missing)));
      assert.equal((await write(writer, null)).status, allowed);
      assert.equal((await write(reader, 1)).status, allowed);
      assert.equal((await write(reader, 999)).status, 422);
    });
});
