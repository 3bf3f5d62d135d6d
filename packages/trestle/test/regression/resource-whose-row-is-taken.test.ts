// A resource whose operations would have the names of others (`mes`, whose row is Me) is refused with its path, both routes, and what to do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accounts, anyone, app, resource, text } from 'trestle';
import { answer, route } from 'trestle/contract';
import { startApps } from '../harness.ts';

const some = resource({ fields: { title: text() }, can: { read: anyone, create: anyone } });

test('operations of one name are refused with a remedy', async () => {
  const started = async (declared: Parameters<typeof startApps>[0]) => {
    await using server = await startApps(declared);
    assert.fail(`it has started: ${server.url}`);
  };
  for (const [resources, expected] of [
    [
      { mes: some },
      /^office\.mes: GET \/v1\/mes\/:id and GET \/v1\/me would both be operation getMe, by the name of one row \(Me\); give the resource another name, or declare it with uniform: false$/,
    ],
    [{ key: some }, /^office\.key: .+ would both be operation createKey.+another name/],
    [{ notes: some, note: some }, /^office\.note: .+ would both be operation .+another name/],
  ] as const)
    await assert.rejects(() => started(app({ name: 'office', accounts: accounts(), resources })), {
      name: 'TypeError',
      message: expected,
    });
  // A route that somebody has written can have another name.
  const own = { operationId: 'getNote', summary: 'A note', answers: { 200: null } };
  const routes = () => [route('GET', '/note', own, async () => answer(200))];
  await assert.rejects(
    () => started(app({ name: 'office', resources: { notes: some }, routes })),
    /^TypeError: office: GET \/note and GET \/v1\/notes\/:id would both be operation getNote; give one another operationId$/,
  );
});
