import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { callOver } from '../../harness.ts';
import { startOwnRoutes } from './own-routes.ts';

test('while the loop runs late requests are refused with 503, health is not, and it ends by itself', async () => {
  await using server = await disposable();
  const busy = setInterval(() => block(250), 10);
  await sleep(1200);
  const shed = await callOver<{ code: string }>(server.url, 'GET /rows');
  assert.equal(shed.status, 503);
  assert.equal(shed.body.code, 'unavailable');
  assert.equal(shed.headers.get('retry-after'), '1');
  assert.equal((await callOver(server.url, 'GET /livez')).status, 200);
  clearInterval(busy);
  for (let tries = 0; tries < 50 && (await callOver(server.url, 'GET /rows')).status === 503; tries++)
    await sleep(100);
  assert.equal((await callOver(server.url, 'GET /rows')).status, 200);
});

test('one long pause is no overload', async () => {
  await using server = await disposable();
  await sleep(150);
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
