import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callOver } from '../../harness.ts';
import { until } from '../../until.ts';
import { startOwnRoutes } from './own-routes.ts';

test('while the loop runs late requests are refused with 503, health is not, and it ends by itself', async () => {
  await using server = await disposable();
  const busy = setInterval(() => block(250), 10);
  const shed = await until(async () => {
    const reply = await callOver<{ code: string }>(server.url, 'GET /rows');
    return reply.status === 503 && reply;
  });
  assert.equal(shed.body.code, 'unavailable');
  assert.equal(shed.headers.get('retry-after'), '1');
  assert.equal((await callOver(server.url, 'GET /livez')).status, 200);
  clearInterval(busy);
  await until(async () => (await callOver(server.url, 'GET /rows')).status === 200);
});

test('one long pause is no overload', async () => {
  await using server = await disposable();
  assert.equal((await callOver(server.url, 'GET /rows')).status, 200);
  block(250);
  assert.equal((await callOver(server.url, 'GET /rows')).status, 200);
});

async function disposable() {
  const server = await startOwnRoutes({ shedAbove: 100 });
  return { url: server.url, [Symbol.asyncDispose]: () => server.close() };
}

function block(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}
