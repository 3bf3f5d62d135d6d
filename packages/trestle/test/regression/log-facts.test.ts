// The log keeps its lines through a rotation, follows a trace, and counts what it leaves out.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pino } from 'pino';
import { ErrorLog } from '../../src/http/logging/logging-errors.ts';
import { LogFile } from '../../src/http/logging/logging-file.ts';
import { startOwnRoutes } from '../http/server/own-routes.ts';
import { appFolder, NOTES, serve, temporaryFolder } from '../processes.ts';

test('a file that is rotated away while lines are written loses none', async () => {
  const path = join(temporaryFolder(), 'a.log');
  const file = new LogFile(path);
  const LINES = 20_000;
  for (let line = 0; line < LINES; line++) {
    file.write(Buffer.from(`{"line":${line}}\n`));
    if (line % 5000 === 4999) {
      renameSync(path, `${path}.${line}`);
      file.reopen();
      await new Promise((next) => setImmediate(next));
    }
  }
  await file.flush();
  const parts = [...[4999, 9999, 14_999, 19_999].map((line) => `${path}.${line}`), path];
  const lines = parts.flatMap((part) => readFileSync(part, 'utf8').split('\n').filter(Boolean));
  assert.deepEqual(new Set(lines).size, LINES);
  assert.equal(lines.length, LINES);
});

test('SIGHUP opens the file anew, and the server serves on', async () => {
  const log = join(temporaryFolder(), 'server.log');
  const server = await serve([appFolder(NOTES), '--log', log]);
  await fetch(`${server.url}/v1/notes`, { headers: { 'x-request-id': 'before' } });
  renameSync(log, `${log}.1`);
  server.child.kill('SIGHUP');
  while (!existsSync(log)) await fetch(`${server.url}/livez`);
  await fetch(`${server.url}/v1/notes`, { headers: { 'x-request-id': 'after' } });
  const headers = { 'x-request-id': 'signs-up', 'content-type': 'application/json' };
  const body = JSON.stringify({ username: 'ann', password: 'four words of a test' });
  await fetch(`${server.url}/v1/accounts`, { method: 'POST', headers, body });
  server.child.kill('SIGINT');
  await server.ended;
  assert.match(readFileSync(log, 'utf8'), /"request":"after"/);
  // Events of accounts name the app and the request.
  assert.match(readFileSync(log, 'utf8'), /"app":"notes".*"requestId":"signs-up".*"signed_up"/);
  assert.match(readFileSync(`${log}.1`, 'utf8') + readFileSync(log, 'utf8'), /"request":"before"/);
});

test('a traceparent is taken over, with a span of the request, in its line and in its errors', async () => {
  const server = await startOwnRoutes({});
  const trace = '0af7651916cd43dd8448eb211c80319c';
  const ask = (id: string, traceparent: string) =>
    fetch(`${server.url}/broken`, { headers: { 'x-request-id': id, traceparent } });
  await ask('traced', `00-${trace}-b7ad6b7169203331-01`);
  const lines = server.log.filter(({ request }) => request === 'traced');
  assert.deepEqual(lines.map(({ msg }) => msg).sort(), ['request', 'request failed']);
  for (const { trace_id, parent_span_id, span_id } of lines) {
    assert.deepEqual([trace_id, parent_span_id], [trace, 'b7ad6b7169203331']);
    assert.match(String(span_id), /^[\da-f]{16}$/);
  }
  assert.equal(new Set(lines.map(({ span_id }) => span_id)).size, 1);
  for (const broken of [
    'x',
    `ff-${trace}-b7ad6b7169203331-01`,
    `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    `00-${trace}`,
  ]) {
    await ask('broken', broken);
    assert.ok(
      server.log.filter(({ request }) => request === 'broken').every((line) => !('trace_id' in line)),
      broken,
    );
  }
  await server.close();
});

test('a background error that repeats is written once a second, with the number of the others', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const lines: { msg: string; repeated?: number; error: { message: string } }[] = [];
  const errors = new ErrorLog(pino({ base: null }, { write: (line) => void lines.push(JSON.parse(line)) }));
  const fail = (number: number) =>
    errors.inBackground('background task failed', new Error(`failure ${number}`));
  for (let number = 0; number < 100; number++) fail(number);
  assert.deepEqual(
    lines.map(({ repeated }) => repeated),
    [undefined],
  );
  t.mock.timers.tick(1000);
  assert.deepEqual(
    lines.map(({ repeated, error }) => [repeated, error.message]),
    [
      [undefined, 'failure 0'],
      [99, 'failure 99'],
    ],
  );
  t.mock.timers.tick(1000);
  fail(100);
  assert.equal(lines.length, 3);
});

test('each line says who asked, from where, with what, and for which row', async () => {
  const server = await startOwnRoutes({ trustedProxies: ['127.0.0.1'] });
  await fetch(`${server.url}/rows/42`, {
    headers: { 'x-request-id': 'told', 'x-forwarded-for': '203.0.113.7', 'user-agent': 'a "browser"' },
  });
  const line = server.log.find(({ request }) => request === 'told');
  assert.deepEqual(
    [line?.address, line?.agent, line?.row, line?.bytes],
    ['203.0.113.7', 'a "browser"', '42', '{"id":"42"}'.length],
  );
  await server.close();
});
