// Generated clients ask for the error type, and name a type for the body they do not send: neither stops a request.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accounts, anyone, app, resource, text } from 'trestle';
import { answer, route } from 'trestle/contract';
import { Type } from 'typebox';
import { type RunningApp, startApps } from '../harness.ts';
import { raw, request } from '../http/server/raw.ts';

const shelves = app({
  name: 'shelves',
  accounts: accounts(),
  resources: {
    books: resource({
      fields: { title: text() },
      can: { read: anyone, create: anyone, update: anyone, delete: anyone },
    }),
  },
  contract: () => ({
    errors: ({ code, status }) => ({ status, body: { oops: code } }),
    routes: [
      route('DELETE', '/nothing', { summary: 'Nothing', answers: { 204: null } }, () => answer(204)),
      route('GET', '/something', { summary: 'Something', answers: { 200: Type.Unknown() } }, () =>
        answer(200, {}),
      ),
      route('POST', '/action', { summary: 'Action', answers: { 200: Type.Unknown() } }, () =>
        answer(200, {}),
      ),
    ],
  }),
});

let server: RunningApp;
before(async () => {
  server = await startApps(shelves);
});
after(() => server.close());

const newBook = async () =>
  (await server.call<{ id: number }>('POST /v1/books', { body: { title: 'A' } })).body.id;

test('DELETE is done whatever its client takes, since it answers nothing', async () => {
  for (const accept of [
    'application/problem+json',
    'text/html',
    'image/*',
    'application/json;q=0',
    '*/*;q=0.1',
  ]) {
    assert.equal(
      (await server.call(`DELETE /v1/books/${await newBook()}`, { headers: { accept } })).status,
      204,
      accept,
    );
    assert.equal((await server.call('DELETE /nothing', { headers: { accept } })).status, 204, accept);
  }
});

test('who asks for the error type gets the answer', async () => {
  const headers = { accept: 'application/problem+json' };
  assert.equal((await server.call(`GET /v1/books/${await newBook()}`, { headers })).status, 200);
  assert.equal((await server.call('GET /something', { headers })).status, 200);
  assert.equal((await server.call('GET /something', { headers: { accept: 'text/html' } })).status, 406);
  assert.equal((await server.call('GET /v1/books', { headers: { accept: 'application/xml' } })).status, 406);
});

test('a type without a body is no reason to refuse', async () => {
  for (const type of ['text/plain', 'application/xml', 'application/json', 'nonsense', '*', ''])
    for (const line of [
      `DELETE /v1/books/${await newBook()}`,
      'DELETE /nothing',
      'GET /something',
      'HEAD /something',
      'POST /action',
    ])
      for (const more of [[], ['Content-Length: 0']]) {
        const sent = request(line, [`Content-Type: ${type}`, ...more]);
        const { status } = await raw(server.url, sent);
        const expected = more.length > 0 && line.startsWith('DELETE /v1') ? [204, 404] : [200, 204];
        assert.ok(expected.includes(status), `${line} ${type} ${more}: ${status}`);
      }
});

test('a body of another type is refused still', async () => {
  const { status, headers } = await raw(
    server.url,
    request('POST /v1/books', ['Content-Type: text/plain', 'Content-Length: 1'], 'x'),
  );
  assert.deepEqual(
    [status, headers['accept-post']],
    [415, 'application/json, application/x-www-form-urlencoded'],
  );
  const chunked = request(
    'DELETE /nothing',
    ['Content-Type: text/plain', 'Transfer-Encoding: chunked'],
    '1\r\nx\r\n0\r\n\r\n',
  );
  assert.equal((await raw(server.url, chunked)).status, 415);
});
