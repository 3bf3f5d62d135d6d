// The last lines of the log were kept in a new block of memory for every 250 of them, which made the collector look through the whole heap each second.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openLog, RecentLines } from '../../src/http/logging/logging.ts';
import { temporaryFolder } from '../processes.ts';

const KEPT = 4 * 1024 * 1024;
const line = (n: number) => `{"line":${n},"text":"${'é'.repeat(n % 97)}"}`;

test('the last 4 MB of lines are kept, whole and newest first, however often the ring is full', () => {
  const recent = new RecentLines();
  const written: string[] = [];
  for (const until of [3, 20_000, 60_000, 60_001, 150_000]) {
    while (written.length < until) {
      written.push(line(written.length));
      recent.write(`${written.at(-1)}\n`);
    }
    const kept = [...recent.newestFirst()];
    assert.deepEqual(kept, written.toReversed().slice(0, kept.length));
    const bytes = kept.reduce((sum, each) => sum + Buffer.byteLength(each) + 1, 0);
    const all = written.reduce((sum, each) => sum + Buffer.byteLength(each) + 1, 0);
    assert.ok(bytes <= KEPT && bytes > Math.min(all - 1, KEPT - 300), `${bytes} of ${all}`);
  }
});

test('a line longer than the ring leaves only what came after it', () => {
  const recent = new RecentLines();
  recent.write('first\n');
  recent.write(`${'x'.repeat(KEPT + 10)}\n`);
  recent.write('last\n');
  assert.deepEqual([...recent.newestFirst()], ['last']);
});

test('lines that come while they are read do not change what is read', () => {
  const recent = new RecentLines();
  for (let n = 0; n < 60_000; n += 1) recent.write(`${line(n)}\n`);
  const reading = recent.newestFirst();
  assert.equal(reading.next().value, line(59_999));
  for (let n = 60_000; n < 200_000; n += 1) recent.write(`${line(n)}\n`);
  assert.equal(reading.next().value, line(59_998));
});

test('the file, the operators and the followers get the same lines', async () => {
  const file = join(temporaryFolder(), 'log');
  const log = openLog({ to: file, format: 'json' });
  const followed: string[] = [];
  const stop = log.recent.follow((each) => followed.push(each.trimEnd()));
  for (let n = 0; n < 1_000; n += 1) log.lines.info({ n }, 'héllo');
  stop();
  const kept = [...log.recent.newestFirst()].toReversed();
  await log.flush();
  assert.deepEqual(kept, followed);
  assert.equal(readFileSync(file, 'utf8'), `${followed.join('\n')}\n`);
});
