// A file system that becomes read-only under a server makes it not ready and refuses writes; once it is writable again, the
// server is ready by itself.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { callOver } from '../harness.ts';
import { appFolder, NOTES, serve } from '../processes.ts';
import { until } from '../until.ts';

const STRACE = '/usr/bin/strace';

/** Makes every write to these files of a process fail as a read-only file system does, until it is ended. */
async function readOnly(pid: number, files: readonly string[]) {
  const paths = files.flatMap((file) => ['-P', file]);
  const inject = 'inject=pwrite64,ftruncate,fallocate:error=EROFS';
  const strace = spawn(STRACE, ['-f', '-o', '/dev/null', '-p', String(pid), ...paths, '-e', inject]);
  let said = '';
  strace.stderr.on('data', (chunk) => {
    said += chunk;
  });
  await until(() => said.includes('attached') || strace.exitCode !== null);
  assert.equal(strace.exitCode, null, said);
  const closed = once(strace, 'close');
  return async () => {
    strace.kill('SIGINT');
    await closed;
  };
}

test('a read-only file system (sqlite)', {
  skip: existsSync(STRACE) ? false : 'strace is not installed here; .ci/run installs it',
}, async (t) => {
  const app = appFolder(NOTES);
  const data = `${app}/data`;
  const server = await serve([app, '--data', data]);
  t.after(() => server.kill());
  const write = async () => (await callOver(server.url, 'POST /v1/notes', { body: { content: 'x' } })).status;
  const readiness = async () => (await callOver(server.url, 'GET /readyz')).status;
  assert.deepEqual([await write(), await readiness()], [201, 200]);

  const file = join(data, 'notes.db');
  const writable = await readOnly(server.child.pid ?? 0, [file, `${file}-wal`]);
  t.after(writable);
  assert.equal(await write(), 503);
  assert.deepEqual([await readiness(), await readiness()], [503, 503]);
  assert.equal((await callOver(server.url, 'GET /v1/notes')).status, 200, 'reads go on');

  await writable();
  await until(async () => (await readiness()) === 200);
  assert.equal(await write(), 201);
});
