import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openLog } from '../../../src/http/logging/logging.ts';
import { LogFile } from '../../../src/http/logging/logging-file.ts';
import { until } from '../../until.ts';

const folder = mkdtempSync(join(tmpdir(), 'trestle-log-'));
test.after(() => rmSync(folder, { recursive: true }));

test('lines come whole and in order, whatever their number', async () => {
  const path = join(folder, 'made', 'log');
  const file = new LogFile(path);
  const lines = Array.from({ length: 20_000 }, (_, at) => `{"line":${at},"text":"héllo"}\n`);
  for (const [at, line] of lines.entries()) {
    file.write(Buffer.from(line));
    if (at % 3000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await file.flush();
  assert.equal(readFileSync(path, 'utf8'), lines.join(''));
});

test('a line is there a moment later, without being asked for', async () => {
  const path = join(folder, 'soon');
  new LogFile(path).write(Buffer.from('here\n'));
  await until(() => readFileSync(path, 'utf8') !== '');
  assert.equal(readFileSync(path, 'utf8'), 'here\n');
});

test('a disk that is full stops nobody', { skip: !existsSync('/dev/full') }, async () => {
  const file = new LogFile('/dev/full');
  for (let at = 0; at < 100_000; at++) file.write(Buffer.from('x'.repeat(100)));
  await file.flush();
});

test('what comes from outside cannot make a second line, nor a colour on a terminal', async () => {
  const json: string[] = [];
  const human: string[] = [];
  const nasty = 'a\r\n{"level":"info"}\u001b[31m\u0000';
  openLog({ to: (line) => json.push(line) }).lines.info({ given: nasty }, nasty);
  openLog({ to: (line) => human.push(line), format: 'human' }).lines.info({ given: nasty }, 'event');
  assert.equal(json.length, 1);
  assert.equal(json[0]?.trimEnd().split('\n').length, 1);
  assert.equal(JSON.parse(json[0] ?? '').given, nasty);
  const codes = [...human.join('').trimEnd()].map((character) => character.charCodeAt(0));
  assert.deepEqual(
    codes.filter((code) => code < 32),
    [],
  );
});

test('the human form is short', () => {
  const lines: string[] = [];
  const log = openLog({ to: (line) => lines.push(line), format: 'human' });
  const done = {
    method: 'GET',
    route: '/rows/:id',
    status: 200,
    milliseconds: 1.234,
    bytes: 12,
    id: 'x',
    trace: null,
    aborted: false,
    address: '127.0.0.1',
    agent: undefined,
    row: '7',
  };
  log.request({ ...done, caller: null });
  log.lines.warn({ app: 'notes' }, 'something');
  assert.match(lines[0] ?? '', /^\d\d:\d\d:\d\d GET \/rows\/:id 200 1\.23 ms\n$/);
  assert.match(lines[1] ?? '', /^\d\d:\d\d:\d\d warn: something \{"app":"notes"\}\n$/);
});
