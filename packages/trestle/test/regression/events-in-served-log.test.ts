// The log that serveApp gives a test had requests alone: not what an engine logs of accounts and jobs, as `trestle serve` does.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { app, resource, text } from '../../src/index.ts';
import { serveApp } from '../../src/testing.ts';
import { eachPlace } from '../stores.ts';

const notes = resource({ fields: { title: text() } });

eachPlace('the log of a served app', (place) => {
  it('has the events of accounts, with the app and the request', async () => {
    const served = await serveApp(app({ name: 'notes', resources: { notes } }), await place());
    try {
      const body = { username: 'ann', password: 'not the one of anybody' };
      const { status } = await served.call('POST', '/v1/sessions', { body });
      assert.equal(status, 401);
      const lines: Record<string, unknown>[] = served
        .log()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      const [refused] = lines.filter(({ msg }) => msg === 'sign_in_failed');
      assert.equal(refused?.app, 'notes');
      assert.equal(refused.account, null);
      assert.ok(refused.requestId);
    } finally {
      await served.close();
    }
  });
});
