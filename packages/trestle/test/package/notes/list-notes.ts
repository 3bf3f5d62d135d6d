import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serveApp } from 'trestle/testing';
import app from './app.ts';

test('a list is empty at first', async () => {
  const served = await serveApp(app);
  const { status, body } = await served.call('GET', '/v1/notes');
  assert.deepEqual([status, body], [200, { items: [], next: null, prev: null }]);
  await served.close();
});
