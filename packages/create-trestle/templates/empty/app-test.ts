import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serveApp } from 'trestle/testing';
import app from './app.ts';

test('is served, with its OpenAPI document', async () => {
  const served = await serveApp(app);
  const { status, body } = await served.call('GET', '/openapi.json');
  assert.equal(status, 200);
  assert.match(JSON.stringify(body), /"openapi":"3\.1/);
  await served.close();
});
