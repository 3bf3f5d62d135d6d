// `npm start` is stopped by its own pid: SIGTERM reaches the server, which finishes what is in flight before npm ends.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { appFolder, NOTES, temporaryFolder } from '../processes.ts';

const ROOT = join(import.meta.dirname, '../../../..');

test('SIGTERM to npm drains the server', async () => {
  const data = temporaryFolder();
  const words = [
    'start',
    '--silent',
    '--',
    appFolder(NOTES),
    '--data',
    data,
    '--port',
    '0',
    '--readiness-delay',
    '0',
  ];
  const npm = spawn('npm', words, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  npm.stderr.on('data', (chunk) => {
    output += chunk;
  });
  npm.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const ended = once(npm, 'close');
  let url: URL | undefined;
  while (!url) {
    await Promise.race([once(npm.stdout, 'data'), ended.then(() => assert.fail(output))]);
    const found = /http:\/\/[\d.]+:\d+/.exec(output)?.[0];
    if (found) url = new URL(found);
  }
  // A request whose body is not all there yet is in flight.
  const body = '{"content":"A"}';
  const socket = connect(Number(url.port), url.hostname);
  socket.write(
    `POST /v1/notes HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`,
  );
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    answer += chunk;
  });
  await once(socket, 'data');
  npm.kill('SIGTERM');
  while (!output.includes('"why":"SIGTERM"')) await once(npm.stderr, 'data');
  socket.write(body);
  await once(socket, 'close');
  assert.match(answer, /HTTP\/1\.1 201 Created/);
  await ended;
  const again = connect(Number(url.port), url.hostname);
  const [error] = await once(again, 'error').catch((thrown: unknown) => [thrown]);
  assert.match(String(error), /ECONNREFUSED/);
});
