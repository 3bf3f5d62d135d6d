// A server that stops answers what was sent before, also where its event loop was held up meanwhile, and says that connections close.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { anyone, app, integerId, resource, text } from 'trestle';
import { serveApp } from 'trestle/testing';

/** Longer than the moment that a server which stops waits for requests on their way. */
const LONG_TURN_MS = 500;

const notes = resource({ id: integerId(), fields: { title: text() }, can: { read: anyone, create: anyone } });

test('a request that waits in the kernel when a long turn ends is answered', async () => {
  const served = await serveApp(app({ name: 'site', resources: { notes } }));
  const client = connect(Number(new URL(served.url).port), '127.0.0.1');
  await once(client, 'connect');
  let answers = '';
  client.on('data', (part) => (answers += part));
  const ask = () => client.write('GET /v1/notes HTTP/1.1\r\nhost: localhost\r\n\r\n');
  ask();
  await once(client, 'data');
  assert.match(answers, /^HTTP\/1\.1 200 .*connection: keep-alive/is);
  answers = '';
  const ended = once(client, 'close');
  const closed = served.close();
  // The listener is closed by then.
  for (let turns = 0; turns < 5; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  ask();
  const until = performance.now() + LONG_TURN_MS;
  while (performance.now() < until);
  await Promise.all([ended, closed]);
  assert.match(answers, /^HTTP\/1\.1 200 .*connection: close/is);
});
