// A connection that is reset while its request is read has no address any more. Such a request is no failure of the server.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { accounts, app, resource, signedIn, text } from 'trestle';
import { ADMINISTRATOR, startApps } from '../harness.ts';

const notes = resource({ fields: { title: text() }, can: { read: signedIn } });
const paper = app({ name: 'paper', accounts: accounts(), resources: { notes } });

/** Sends each text over so many connections, and resets each of them at once. A thread, so that it does so while the server reads. */
const CLIENT = `
  const { parentPort, workerData: { port, requests, connections } } = require('node:worker_threads');
  const { connect } = require('node:net');
  const send = (request) => new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => {
      socket.write(request, () => socket.resetAndDestroy());
    });
    socket.on('error', () => {}).on('close', resolve);
  });
  (async () => {
    for (let at = 0; at < connections; at += 1) for (const request of requests) await send(request);
  })().then(() => parentPort.postMessage('done'));
`;

test('requests of clients that are gone before they are read are no failures of the server', async () => {
  const server = await startApps(paper);
  const credentials = { username: 'bob', password: 'a tidy heron walks upstream' };
  await server.call('POST /v1/accounts', { body: credentials });
  const { body: bob } = await server.call<{ access_token: string }>('POST /v1/sessions', {
    body: credentials,
  });
  const { body: made } = await server.call<{ key: string }>('POST /v1/keys', {
    token: bob.access_token,
    body: {},
  });
  const body = JSON.stringify({ ...credentials, username: 'ann' });
  const post = (path: string) =>
    `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const get = (credential: string) =>
    `GET /v1/notes HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${credential}\r\n\r\n`;
  const posts = ['/v1/accounts', '/v1/sessions', '/v1/admin/session'].map(post);
  const requests = [...posts, get(ADMINISTRATOR), get(made.key)];
  const workerData = { port: Number(new URL(server.url).port), requests, connections: 100 };
  const client = new Worker(CLIENT, { eval: true, workerData });
  await once(client, 'message');
  await client.terminate();
  assert.equal((await server.call('GET /v1/notes')).status, 401, 'the server goes on');
  // What is kept of the uses of a key is written at the end.
  await server.close();
  const failed = server.log.filter(({ level }) => level === 'error' || level === 'warn');
  assert.deepEqual(failed, []);
});
