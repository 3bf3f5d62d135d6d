// Ids are opaque to the router: whatever one holds, it is the service that says there is no such row.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accounts, anyone, app, resource, text, uuidId } from 'trestle';
import { type RunningApp, startApps } from '../harness.ts';

const notes = app({
  name: 'notes',
  accounts: accounts(),
  resources: {
    notes: resource({
      id: uuidId(),
      fields: { title: text() },
      can: { read: anyone, create: anyone, update: anyone, delete: anyone },
    }),
  },
});

let server: RunningApp;
let token: string;
before(async () => {
  server = await startApps(notes);
  const body = { username: 'anna', password: 'correct horse battery staple' };
  await server.call('POST /v1/accounts', { body });
  token = (await server.call<{ access_token: string }>('POST /v1/sessions', { body })).body.access_token;
});
after(() => server.close());

const IDS = [
  '%0A',
  '%0D%0A',
  'a%0Ab',
  '%E2%80%A8',
  '%09',
  '%20',
  'a%2Fb',
  'a%3Ab',
  'a:b',
  '%25',
  '%C3%BC',
  "'",
  '%22',
  '(.+)',
  '*',
  '%3F',
];

test('verbs on a row: 404, not 405', async () => {
  for (const id of IDS)
    for (const verb of ['activate', 'deactivate', 'roll'])
      for (const line of [`POST /v1/keys/${id}:${verb}`, `POST /v1/keys/${id}/${verb}`]) {
        const { status, body } = await server.call<{ code: string }>(line, { token, body: {} });
        assert.deepEqual([status, body.code], [404, 'not_found'], line);
      }
});

test('plain verbs: 404, not 405', async () => {
  for (const id of IDS)
    for (const line of [`GET /v1/notes/${id}`, `DELETE /v1/notes/${id}`, `GET /v1/keys/${id}/uses`]) {
      const { status } = await server.call(line, { token });
      assert.equal(status, 404, line);
    }
});

test('a method that a verb does not take is 405 with the one it does', async () => {
  for (const id of ['7', '%0A']) {
    const { status, headers } = await server.call(`GET /v1/keys/${id}:activate`, { token });
    assert.deepEqual([status, headers.get('allow')], [405, 'POST, OPTIONS'], id);
  }
});
