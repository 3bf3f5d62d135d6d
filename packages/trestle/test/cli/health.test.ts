import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appFolder, NOTES, run, serve } from '../processes.ts';

test('trestle health tells by its exit code whether a server is ready', async () => {
  const { url, child, ended } = await serve([appFolder(NOTES), '--readiness-delay', '0']);
  const env = { PORT: new URL(url).port, HOST: '0.0.0.0' };
  assert.deepEqual(await run(['health'], { env }), { code: 0, stdout: 'ready\n', stderr: '' });
  const { stdout } = await run(['health', '--json'], { env });
  assert.deepEqual(JSON.parse(stdout), { status: 'ready' });
  child.kill('SIGTERM');
  await ended;
  const stopped = await run(['health', '--port', env.PORT]);
  assert.equal(stopped.code, 1);
  assert.match(stopped.stderr, /^trestle: http:\/\/127\.0\.0\.1:\d+\/readyz does not answer: .*ECONNREFUSED/);
});
