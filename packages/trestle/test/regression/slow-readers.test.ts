// Clients that do not read their whole list hold nothing that others need, and are cut off.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { before, test } from 'node:test';
import { accounts, anyone, app, integerId, resource, text } from 'trestle';
import { anonymous, route, streamList } from 'trestle/contract';
import { Type } from 'typebox';
import { startApps } from '../harness.ts';
import { eachPlace, type Place } from '../stores.ts';

const whole = app({
  name: 'whole',
  accounts: accounts(),
  resources: {
    rows: resource({
      id: integerId(),
      fields: { content: text() },
      can: { read: anyone, create: anyone, delete: anyone },
    }),
  },
  contract: ({ services }) => ({
    errors: (problem) => ({ status: problem.status, body: { code: problem.code } }),
    routes: [
      route('GET', '/all', { summary: 'All', can: anyone, answers: { 200: Type.Unknown() } }, (request) =>
        streamList(services.rows)({ ...request, query: {} }),
      ),
    ],
  }),
});

/** More than a socket and its kernel hold. */
const ROWS = 200;
const CONTENT = 'x'.repeat(80_000);

async function fill(place: Place): Promise<void> {
  await using server = await startApps(whole, place);
  const service = server.engines[0]?.byName.get('rows');
  assert.ok(service);
  const context = { caller: anonymous };
  // Few enough at once for a pool of connections.
  for (let row = 0; row < ROWS; row += 10)
    await Promise.all(Array.from({ length: 10 }, () => service.create(context, { content: CONTENT })));
}

/** Asks for the whole list, reads the beginning of it and then nothing more. */
async function stuckReader(url: string): Promise<Socket> {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write('GET /all HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await once(socket, 'data');
  socket.pause();
  return socket.on('error', () => {});
}

eachPlace('slow readers', (newPlace) => {
  // One filled database for all tests: filling it takes longer than they do.
  let filled: Place;
  before(async () => {
    filled = await newPlace();
    await fill(filled);
  });
  test('many of them stop neither each other nor a new one, nor any write', async () => {
    await using server = await startApps(whole, { ...filled, streams: { perClient: 100 } });
    const stuck = await Promise.all(Array.from({ length: 20 }, () => stuckReader(server.url)));
    const all = await server.call<{ id: number }[]>('GET /all');
    assert.equal(all.body.length, ROWS);
    const written = await server.call<{ id: number }>('POST /v1/rows', { body: { content: 'new' } });
    assert.equal(written.status, 201);
    assert.equal((await server.call(`DELETE /v1/rows/${written.body.id}`)).status, 204);
    for (const socket of stuck) socket.destroy();
  });

  test('one client may read so many at once; the next is 429 until one has ended', async () => {
    await using server = await startApps(whole, { ...filled, streams: { perClient: 2 } });
    const stuck = [await stuckReader(server.url), await stuckReader(server.url)];
    const refused = await server.call<{ code: string }>('GET /all');
    assert.deepEqual([refused.status, refused.body.code], [429, 'too_many_requests']);
    assert.equal(refused.headers.get('retry-after'), '1');
    const ended = () =>
      server.log.filter(({ route: path, aborted }) => path === '/all' && aborted === true).length;
    stuck[0]?.destroy();
    while (ended() === 0) await new Promise((next) => setImmediate(next));
    assert.equal((await server.call('GET /all')).status, 200);
    stuck[1]?.destroy();
  });

  test('who takes less than the minimum rate is cut off, which the log says', async () => {
    await using server = await startApps(whole, { ...filled, streams: { grace: 50, minRate: 1e9 } });
    const socket = await stuckReader(server.url);
    const line = () => server.log.find(({ msg }) => msg === 'a response stream failed');
    while (!line()) await new Promise((next) => setImmediate(next));
    assert.match(JSON.stringify(line()), /which is too slow/);
    socket.resume();
    await once(socket, 'close');
    assert.equal((await server.call<unknown[]>('GET /all')).body.length, ROWS, 'a client that reads is not');
  });
});
