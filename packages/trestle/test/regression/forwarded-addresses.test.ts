// The client's address is read from every form of X-Forwarded-For and Forwarded; what cannot be parsed counts as the peer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { callOver } from '../harness.ts';
import { startOwnRoutes } from '../http/server/own-routes.ts';

const PEER = '127.0.0.1';
const CASES: readonly (readonly [header: 'x-forwarded-for' | 'forwarded', value: string, client: string])[] =
  [
    ['x-forwarded-for', '203.0.113.7', '203.0.113.7'],
    ['x-forwarded-for', '203.0.113.7:4711', '203.0.113.7'],
    ['x-forwarded-for', '2001:db8::7', '2001:db8::7'],
    ['x-forwarded-for', '[2001:db8::7]', '2001:db8::7'],
    ['x-forwarded-for', '[2001:db8::7]:4711', '2001:db8::7'],
    ['x-forwarded-for', '"[2001:db8::7]:4711"', '2001:db8::7'],
    ['x-forwarded-for', '198.51.100.1, 203.0.113.7', '203.0.113.7'],
    ['x-forwarded-for', '203.0.113.7, 127.0.0.1', '203.0.113.7'],
    ['x-forwarded-for', 'unknown, 127.0.0.1:80', PEER],
    ['x-forwarded-for', 'unknown', PEER],
    ['x-forwarded-for', '_hidden', PEER],
    ['x-forwarded-for', '203.0.113.7, unknown', PEER],
    ['x-forwarded-for', '999.1.1.1', PEER],
    ['x-forwarded-for', '[203.0.113.7', PEER],
    ['x-forwarded-for', ' ', PEER],
    ['forwarded', 'for=203.0.113.7', '203.0.113.7'],
    ['forwarded', 'For="203.0.113.7:4711";proto=https', '203.0.113.7'],
    ['forwarded', 'proto=http;for="[2001:db8:cafe::17]:4711";by=203.0.113.43', '2001:db8:cafe::17'],
    ['forwarded', 'for=198.51.100.1, for=203.0.113.7', '203.0.113.7'],
    ['forwarded', 'for="203.0.113.7";host="a,b;for=198.51.100.1"', '203.0.113.7'],
    ['forwarded', 'for=unknown', PEER],
    ['forwarded', 'for=_gazonk', PEER],
    ['forwarded', 'for="_gazonk:4711"', PEER],
    ['forwarded', 'proto=https', PEER],
  ];

const routes = (fastify: FastifyInstance) => fastify.get('/ip', (request) => ({ id: request.ip }));

test('forwarded addresses of a trusted proxy', async () => {
  const behind = await startOwnRoutes({ routes, trustedProxies: [PEER] });
  for (const [header, value, client] of CASES) {
    const { body } = await callOver<{ id: string }>(behind.url, 'GET /ip', { headers: { [header]: value } });
    assert.equal(body.id, client, `${header}: ${value}`);
  }
  const both = { 'x-forwarded-for': '203.0.113.7', forwarded: 'for=198.51.100.1' };
  assert.equal(
    (await callOver<{ id: string }>(behind.url, 'GET /ip', { headers: both })).body.id,
    '203.0.113.7',
  );
  await behind.close();
});

test('forwarded addresses of anybody else', async () => {
  const plain = await startOwnRoutes({ routes });
  for (const [header, value] of CASES) {
    const { body } = await callOver<{ id: string }>(plain.url, 'GET /ip', { headers: { [header]: value } });
    assert.equal(body.id, PEER, `${header}: ${value}`);
  }
  await plain.close();
});
