// A contract's code is never handed a body that is no object where its schema says one: it gets the contract's own error.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accounts, anyone, app, resource, text } from 'trestle';
import { answer, route } from 'trestle/contract';
import { Type } from 'typebox';
import { type RunningApp, startApps } from '../harness.ts';

const Body = Type.Object({ title: Type.String() });

const titles = app({
  name: 'titles',
  accounts: accounts(),
  resources: { notes: resource({ fields: { title: text() }, can: { create: anyone } }) },
  contract: () => ({
    errors: ({ code, status, errors }) => ({
      status,
      body: { oops: code, at: errors.map(({ pointer }) => pointer) },
    }),
    routes: [true, false].flatMap((checkBody) =>
      (['POST', 'PUT', 'PATCH', 'DELETE'] as const).map((method) =>
        route(
          method,
          checkBody ? '/checked' : '/unchecked',
          { summary: 'Title', body: Body, checkBody, answers: { 200: Type.Unknown() } },
          ({ body: { title = 'none' } }) => answer(200, { title }),
        ),
      ),
    ),
  }),
});

let server: RunningApp;
before(async () => {
  server = await startApps(titles);
});
after(() => server.close());

const send = (line: string, body?: string) =>
  server.call(line, { ...(body !== undefined && { body }), headers: { 'content-type': 'application/json' } });

for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
  for (const body of ['null', '[]', '"text"', '7', 'true'])
    test(`${method} with ${body}`, async () => {
      for (const path of ['/checked', '/unchecked']) {
        const { status, body: answered } = await send(`${method} ${path}`, body);
        assert.deepEqual([status, answered], [422, { oops: 'invalid', at: [''] }], path);
      }
    });

test('no body at all is an empty one, of which the missing members are named', async () => {
  assert.deepEqual((await send('POST /checked')).body, { oops: 'invalid', at: ['/title'] });
  assert.deepEqual((await send('POST /unchecked')).body, { title: 'none' });
  assert.deepEqual((await send('POST /unchecked', '{"title":"A"}')).body, { title: 'A' });
});

test('the uniform API refuses null and its kin like any wrong type', async () => {
  for (const body of ['null', '[]', '"text"', '7']) {
    const { status } = await server.call('POST /v1/notes', {
      body,
      headers: { 'content-type': 'application/json' },
    });
    assert.equal(status, 422, body);
  }
});
