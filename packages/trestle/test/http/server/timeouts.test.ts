import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { LIMITS, TIMEOUTS } from '../../../src/http/server/limits.ts';
import { until } from '../../until.ts';
import { type Started, startOwnRoutes } from './own-routes.ts';
import { raw, request } from './raw.ts';

const BIG = 'x'.repeat(64 * 1024 * 1024);

let server: Started;
before(async () => {
  server = await startOwnRoutes({
    timeouts: { headers: 300, request: 600, stall: 900, check: 50 },
    keepAlive: 200,
    routes: (fastify) => {
      fastify.get('/rows', () => ({ rows: [] }));
      fastify.post('/rows', () => ({ rows: [] }));
      fastify.get('/big', (_request, reply) => reply.type('text/plain').send(BIG));
    },
  });
});
after(() => server.close());

test('the times a server gives by default', () => {
  assert.deepEqual(TIMEOUTS, { headers: 10_000, request: 30_000, stall: 32_000, check: 1_000 });
  assert.equal(LIMITS.connections, 10_000);
});

test('headers that do not come to an end: 408', async () => {
  const answer = await raw(server.url, 'GET /rows HTTP/1.1\r\nHost: a\r\nX-Slow: ');
  assert.equal(answer.status, 408);
  assert.equal(answer.headers['content-type'], 'application/problem+json');
});

test('a body that does not come to an end: 408', async () => {
  const answer = await raw(
    server.url,
    request('POST /rows', ['Content-Type: application/json', 'Content-Length: 10'], '{'),
  );
  assert.equal(answer.status, 408);
});

test('a client that stops reading is cut off', async () => {
  const socket = open(server.url);
  socket.write(request('GET /big'));
  await once(socket, 'readable');
  const [line] = await logged(server, '/big');
  assert.equal(line?.aborted, true);
  socket.destroy();
});

test('an idle connection is closed after its time', async () => {
  const socket = open(server.url);
  socket.write('GET /rows HTTP/1.1\r\nHost: a\r\n\r\n');
  socket.resume();
  await once(socket, 'end');
});

function open(url: string): Socket {
  return connect(Number(new URL(url).port), '127.0.0.1').on('error', () => undefined);
}

/** The lines of a route, once there are any. */
async function logged({ log }: Started, route: string): Promise<Record<string, unknown>[]> {
  await until(() => log.some((line) => line.route === route));
  return log.filter((line) => line.route === route);
}
