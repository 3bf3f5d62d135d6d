import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { type Served, serveApp } from 'trestle/testing';
import { member } from '../../packages/trestle/test/contract-rows.ts';
import { eachPlace } from '../../packages/trestle/test/stores.ts';
import type { resources } from './app.ts';

const NAME = 'TRESTLE_MESSAGES_AUTHOR_ONLY';

/** The declaration as it is with the setting, which is read when it is loaded. */
async function authorOnly(): Promise<typeof import('./app.ts').default> {
  process.env[NAME] = '1';
  try {
    const path = './app.ts?author-only';
    return (await import(path)).default;
  } finally {
    delete process.env[NAME];
  }
}

eachPlace(`messages with ${NAME}=1`, (place) => {
  let served: Served<typeof resources>;
  const tokens: Record<string, string> = {};
  before(async () => {
    served = await serveApp(await authorOnly(), await place());
    for (const username of ['ann', 'bob']) {
      const body = { username, password: 'pw' };
      await served.call('POST', '/api/auth/register/', { body });
      tokens[username] = String(member(await served.call('POST', '/api/auth/token/', { body }), 'access'));
    }
  });
  after(() => served.close());

  it('lets only the author of a message change or delete it', async () => {
    const body = { content: 'x' };
    const made = await served.call('POST', '/api/messages', { token: tokens.ann, body });
    const path = `/api/messages/${member(made, 'id')}`;
    for (const method of ['PUT', 'PATCH', 'DELETE']) {
      const refused = await served.call(method, path, { token: tokens.bob, body: { content: 'y' } });
      const detail = 'You do not have permission to perform this action.';
      assert.deepEqual([refused.status, refused.body], [403, { detail }], method);
    }
    assert.equal(
      (await served.call('PATCH', path, { token: tokens.ann, body: { content: 'y' } })).status,
      200,
    );
    assert.equal(member(await served.call('GET', path), 'content'), 'y');
    assert.equal((await served.call('DELETE', path, { token: tokens.ann })).status, 204);
  });
});
