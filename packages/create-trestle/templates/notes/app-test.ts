import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Served, serveApp } from 'trestle/testing';
import app from './app.ts';

let served: Served;
let token: string;

before(async () => {
  served = await serveApp(app);
  const account = { username: 'ada', password: 'a long enough secret' };
  await served.call('POST', '/v1/accounts', { body: account });
  const { body } = await served.call('POST', '/v1/sessions', { body: account });
  token = (body as { access_token: string }).access_token;
});

after(() => served.close());

test('a note is written by whoever is signed in', async () => {
  const refused = await served.call('POST', '/v1/notes', { body: { title: 'First' } });
  assert.equal(refused.status, 401);
  const written = await served.call('POST', '/v1/notes', { token, body: { title: 'First' } });
  assert.equal(written.status, 201);
});

test('anyone may read the notes', async () => {
  const { status, body } = await served.call('GET', '/v1/notes');
  assert.equal(status, 200);
  assert.deepEqual(
    (body as { items: { title: string }[] }).items.map(({ title }) => title),
    ['First'],
  );
});
