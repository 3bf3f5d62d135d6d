// Workers take an app's own secret of the administrator, and show one that they made up only where it applies.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ADMINISTRATOR, callOver } from '../harness.ts';
import { appFolder, NOTES, run, serve, temporaryFolder } from '../processes.ts';

const WORKERS = ['--workers', '2', '--readiness-delay', '0'];

/** The status of a route that only the administrator may call. */
async function statusOfMetrics(url: string, token: string | undefined): Promise<number> {
  return (await callOver(url, 'GET /metrics', { token })).status;
}

test("an app's own secret applies, and no other is shown", async () => {
  const app = NOTES.replace(
    "name: 'notes',",
    "name: 'notes', defaults: { administratorSecret: process.env.OWN },",
  );
  const server = await serve([appFolder(app), ...WORKERS], { env: { OWN: ADMINISTRATOR } });
  assert.doesNotMatch(server.output.stdout, /Administrator's secret/);
  assert.equal(await statusOfMetrics(server.url, ADMINISTRATOR), 200);
  assert.equal((await server.stop()).code, 0);
});

test('a secret that was made up is shown once, after starts that failed too, and applies', async () => {
  const cwd = temporaryFolder();
  const taken = await serve([appFolder(NOTES), ...WORKERS]);
  const failed = await run(['serve', appFolder(NOTES), ...WORKERS, '--port', new URL(taken.url).port], {
    cwd,
  });
  assert.match(failed.stderr, /EADDRINUSE|in use/);
  assert.equal((await taken.stop()).code, 0);
  const server = await serve([appFolder(NOTES), ...WORKERS], { cwd });
  const secret = /chooses one\):\n {2}(\S+)\n/.exec(server.output.stdout)?.[1];
  assert.equal(await statusOfMetrics(server.url, secret), 200);
  assert.equal((await server.stop()).code, 0);
});
