// Answers to an administrator who views as an account are counted for the administrator, not for the account.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accounts, app, resource, signedIn, text } from 'trestle';
import { bytes, route } from 'trestle/contract';
import { operatorOf, PASSWORD } from '../admin/operators.ts';
import { startApps } from '../harness.ts';

const notes = resource({ fields: { title: text() }, can: { read: signedIn } });

test('an administrator can view as an account that has as many answers on their way as it may', async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  async function* parts() {
    yield 'first';
    await released;
  }
  const slow = app({
    name: 'slow',
    accounts: accounts(),
    resources: { notes },
    routes: () => [
      route('GET', '/parts', { summary: 'Parts', can: signedIn, answers: { 200: null } }, () =>
        bytes({ content: parts(), type: 'text/plain' }),
      ),
    ],
  });
  await using server = await startApps(slow, { streams: { perClient: 1 } });
  const root = await operatorOf(server);
  const body = { username: 'ann', password: PASSWORD };
  const { body: ann } = await server.call<{ id: string }>('POST /v1/accounts', { body });
  const { body: tokens } = await server.call<{ access_token: string }>('POST /v1/sessions', { body });
  const parted = (headers: Record<string, string>) => fetch(`${server.url}/parts`, { headers });
  const own = { authorization: `Bearer ${tokens.access_token}` };
  const viewing = { cookie: root.cookie, 'trestle-view-as': `accounts/${ann.id}` };
  // Each answers its head, and waits for the rest.
  const held = [await parted(own), await parted(viewing)];
  const next = [await parted(own), await parted(viewing)];
  assert.deepEqual(
    [...held, ...next].map(({ status }) => status),
    [200, 200, 429, 429],
  );
  release();
  for (const answer of held) assert.equal(await answer.text(), 'first');
});
