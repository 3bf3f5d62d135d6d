// The values that charts draw, of one process and of several.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type History, POINTS, pointsOf } from '../src/screens/server/measures.ts';

const from = 0;
const end = POINTS * 1000;

function history(...processes: readonly (readonly [at: number, value: number | null])[][]): History {
  const process = {
    pid: 1,
    host: 'a',
    started_at: '2026-11-26T00:00:00.000Z',
    node: '24',
    url: '',
    roles: [],
    seen_at: null,
    running: true,
    ready: true,
    last: null,
  };
  return {
    items: processes.map((samples) => ({ process, samples: samples.map(([at, value]) => ({ at, value })) })),
  };
}

test('counts are added, in a step of time and across processes; gaps stay gaps', () => {
  const all = history(
    [
      [1000, 2],
      [1500, 3],
      [5000, 1],
    ],
    [
      [1200, 10],
      [2_000_000_000, 9],
      [6000, null],
    ],
  );
  const points = pointsOf('value', all, { from, end, within: 'sum', across: 'sum' });
  assert.deepEqual([points.length, points[1], points[5]], [POINTS, 15, 1]);
  assert.equal(points.filter((point) => point !== undefined).length, 2);
});

test('memory is the most of each process, added; times are the worst of all', () => {
  const all = history(
    [
      [1000, 2],
      [1500, 3],
    ],
    [
      [1200, 10],
      [1300, 4],
    ],
  );
  assert.equal(pointsOf('value', all, { from, end, within: 'max', across: 'sum' })[1], 13);
  assert.equal(pointsOf('value', all, { from, end, within: 'max', across: 'max' })[1], 10);
});
