// The first address that is printed at start answers: every app has a page at its root, unless its contract takes it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accounts, app, resource, text } from 'trestle';
import { answer, type Contract, route } from 'trestle/contract';
import { Type } from 'typebox';
import { startApps } from '../harness.ts';

const named = (name: string, contract?: Contract) =>
  app({
    name,
    description: `The app <${name}>`,
    accounts: accounts(),
    resources: { notes: resource({ fields: { title: text() } }) },
    ...(contract && { contract: () => contract }),
  });

const own: Contract = {
  errors: ({ status, code }) => ({ status, body: { code } }),
  routes: [
    route('GET', '/', { summary: 'Own', answers: { 200: Type.Unknown() } }, () => answer(200, { own: true })),
  ],
};
const swagger: Contract = { ...own, routes: [], pages: { swagger: '/' } };
const none: Contract = { ...own, routes: [] };

const html = { accept: 'text/html,*/*;q=0.8' };

test('alone, with and without a contract', async () => {
  for (const contract of [undefined, none]) {
    await using server = await startApps(named('alone', contract));
    const page = await server.call<string>('GET /', { headers: html });
    assert.equal(page.status, 200);
    assert.match(page.headers.get('content-type') ?? '', /text\/html/);
    assert.match(page.body, /The app &#60;alone&#62;/);
    for (const [, link] of page.body.matchAll(/href="(\/[^"]+)"/g))
      assert.equal((await server.call(`GET ${link}`, { headers: html })).status, 200);
    const json = await server.call<{ apps: { docs: string; openapi: string }[] }>('GET /');
    assert.deepEqual(
      json.body.apps.map(({ docs, openapi }) => [docs, openapi]),
      [['/docs', '/openapi.json']],
    );
  }
});

test('several: one page for all, and one for each', async () => {
  await using server = await startApps([named('left'), named('right', none)]);
  assert.match((await server.call<string>('GET /', { headers: html })).body, /left.*right/s);
  for (const path of ['/left', '/left/', '/right', '/right/'])
    assert.equal((await server.call(`GET ${path}`, { headers: html })).status, 200, path);
});

test('a contract that has something there keeps it', async () => {
  await using server = await startApps(named('own', own));
  assert.deepEqual((await server.call('GET /')).body, { own: true });
  await using documented = await startApps(named('documented', swagger));
  assert.match((await documented.call<string>('GET /', { headers: html })).body, /swagger-ui/);
});
