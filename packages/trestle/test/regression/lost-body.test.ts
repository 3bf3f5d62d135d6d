// A write whose body was lost on the way changes nothing: 400, where `{}` is a body.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { accounts, anyone, app, integer, resource, text } from 'trestle';
import { startApps } from '../harness.ts';
import { eachPlace } from '../stores.ts';

const boxes = app({
  name: 'boxes',
  accounts: accounts(),
  resources: {
    boxes: resource({
      fields: { label: text({ default: 'none' }), size: integer({ default: 1 }) },
      can: { read: anyone, create: anyone, update: anyone, delete: anyone },
    }),
  },
});

eachPlace('lost bodies', (place) => {
  test('PUT, PATCH and POST without a body are 400, and the row is as it was', async () => {
    await using server = await startApps(boxes, await place());
    const made = await server.call<{ id: number }>('POST /v1/boxes', { body: { label: 'A', size: 7 } });
    for (const headers of [{}, { 'content-type': 'application/json' }, { 'content-length': '0' }])
      for (const line of [
        `PUT /v1/boxes/${made.body.id}`,
        `PATCH /v1/boxes/${made.body.id}`,
        'POST /v1/boxes',
      ]) {
        const { status, body } = await server.call<{ code: string }>(line, { headers });
        assert.deepEqual([status, body.code], [400, 'malformed'], line);
      }
    const { body } = await server.call<{ items: unknown[] }>('GET /v1/boxes');
    assert.deepEqual(body.items, [{ id: made.body.id, label: 'A', size: 7 }]);
    assert.equal((await server.call(`PUT /v1/boxes/${made.body.id}`, { body: {} })).status, 200);
    assert.equal((await server.call('POST /v1/boxes', { body: {} })).status, 201);
  });
});

describe('verbs that need no body', () => {
  test('roll a key without one', async () => {
    await using server = await startApps(boxes);
    const body = { username: 'anna', password: 'correct horse battery staple' };
    await server.call('POST /v1/accounts', { body });
    const { access_token: token } = (
      await server.call<{ access_token: string }>('POST /v1/sessions', { body })
    ).body;
    const key = await server.call<{ id: string }>('POST /v1/keys', { token });
    assert.equal(key.status, 201);
    assert.equal((await server.call(`POST /v1/keys/${key.body.id}:roll`, { token })).status, 201);
  });
});
