import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { test } from 'node:test';
import { callOver } from '../harness.ts';
import { appFolder, NOTES, release, type Serving, serve, slowBegan } from '../processes.ts';
import { until } from '../until.ts';

interface Outcome {
  answered: number;
  /** The server took no more connections: what a client is told by a balancer, or tries elsewhere. */
  refused: number;
  /** Sent on a connection that stood, and never answered. */
  lost: string[];
}

/** Clients that write one row after the other over persistent connections, until the server accepts no more. */
function startLoad(url: string, clients: number): { outcome: Outcome; ended: Promise<unknown> } {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const outcome: Outcome = { answered: 0, refused: 0, lost: [] };
  const client = async () => {
    for (;;) {
      const code = await post(`${url}/v1/notes`, agent);
      if (code === '201') outcome.answered++;
      else if (code === 'ECONNREFUSED') return outcome.refused++;
      else if (outcome.lost.push(code) > 100) return 0;
    }
  };
  const ended = Promise.all(Array.from({ length: clients }, client)).finally(() => agent.destroy());
  return { outcome, ended };
}

/** The status, or why there is none. */
function post(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json' };
    const outgoing = request(url, { agent, method: 'POST', headers }, (response) => {
      response
        .resume()
        .on('end', () => resolve(String(response.statusCode)))
        .on('error', (error) => resolve(error.message));
    });
    outgoing.on('error', (error) => resolve('code' in error ? String(error.code) : error.message));
    outgoing.end('{"content":"x"}');
  });
}

/** Ids count up from 1 and every write made a row, so that the last id is the number of rows. */
async function lastId(app: string, data: string): Promise<number | undefined> {
  const server = await serve([app, '--data', data]);
  const { body } = await callOver<{ items: { id: number }[] }>(server.url, 'GET /v1/notes?sort=-id&limit=1');
  server.child.kill('SIGINT');
  await server.ended;
  return body.items[0]?.id;
}

for (const [signal, words] of [
  ['SIGTERM', ['--readiness-delay', '0.5']],
  ['SIGINT', []],
] as const)
  test(`${signal} under load: no request is lost, and every answered write is there afterwards`, async () => {
    const app = appFolder(NOTES);
    const data = `${app}/data`;
    const server: Serving = await serve([app, '--data', data, ...words]);
    const { outcome, ended } = startLoad(server.url, 20);
    await until(() => outcome.answered > 100);
    server.child.kill(signal);
    if (signal === 'SIGTERM')
      await until(async () => (await callOver(server.url, 'GET /readyz')).status === 503);
    await ended;
    const { code, stderr } = await server.ended;
    assert.equal(code, 0, stderr);
    assert.deepEqual(outcome.lost, []);
    assert.ok(outcome.answered > 20, `${outcome.answered} answered`);
    assert.equal(await lastId(app, data), outcome.answered);
  });

test('a request in flight is answered before the process ends', async () => {
  const app = appFolder(NOTES);
  const server = await serve([app]);
  const slow = callOver(server.url, 'GET /slow');
  await slowBegan(app);
  server.child.kill('SIGINT');
  await until(() =>
    callOver(server.url, 'GET /readyz').then(
      () => false,
      () => true,
    ),
  );
  release(app);
  const answer = await slow;
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('connection'), 'close');
  assert.equal((await server.ended).code, 0);
});

test('a second signal ends it at once', async () => {
  const app = appFolder(NOTES);
  const server = await serve([app]);
  const slow = callOver(server.url, 'GET /slow').catch(() => 'cut');
  await slowBegan(app);
  server.child.kill('SIGTERM');
  // Two signals that arrive before the first is heard are one to the system.
  await until(async () => (await callOver(server.url, 'GET /readyz')).status === 503);
  server.child.kill('SIGTERM');
  assert.equal((await server.ended).code, 143);
  assert.equal(await slow, 'cut');
});

test('an error that nothing caught: logged, what is in flight answered, exit code 1', async () => {
  const app = appFolder(NOTES);
  const server = await serve([app]);
  const slow = callOver(server.url, 'GET /slow');
  await slowBegan(app);
  await callOver(server.url, 'POST /crash');
  await until(() => server.output.stderr.includes('nobody catches this'));
  release(app);
  assert.equal((await slow).status, 200);
  const { code, stderr } = await server.ended;
  assert.equal(code, 1);
  assert.match(stderr, /"level":"fatal".*nobody catches this/);
});
