// The values that charts draw, of one process and of several.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type History, POINTS, pathOf, pointsOf, ticksOf, topOf } from '../src/screens/server/measures.ts';

const from = 0;
const STEP = 60_000;
const end = POINTS * STEP;

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

test('counts are so many a minute, the mean of a step, added across processes; gaps stay gaps', () => {
  const all = history(
    [
      [STEP, 2],
      [1.5 * STEP, 3],
      [5 * STEP, 14],
    ],
    [
      [1.2 * STEP, 10],
      [2_000_000_000, 9],
      [6 * STEP, null],
    ],
  );
  const points = pointsOf('value', all, { from, end, joins: 'rate' });
  // 2 and 3 in half a minute each, and 10 of another process; then 14 in three and a half.
  assert.deepEqual([points.length, points[1], points[5]], [POINTS, 25, 4]);
  assert.equal(points.filter((point) => point !== undefined).length, 2);
});

test('memory is the most of each process, added; times are the worst of all', () => {
  const all = history(
    [
      [STEP, 2],
      [1.5 * STEP, 3],
    ],
    [
      [1.2 * STEP, 10],
      [1.3 * STEP, 4],
    ],
  );
  assert.equal(pointsOf('value', all, { from, end, joins: 'total' })[1], 13);
  assert.equal(pointsOf('value', all, { from, end, joins: 'worst' })[1], 10);
});

test('a line is broken where nothing was said for long, and a value alone is a dot', () => {
  const points: (number | undefined)[] = new Array(POINTS).fill(undefined);
  for (const [at, value] of [
    [0, 5],
    [3, 10],
    [20, 0],
  ] as const)
    points[at] = value;
  assert.equal(pathOf(points, 10, { from, end }), 'M0 50.0h0.01L3 0.0M20 100.0h0.01');
});

test('an axis ends at a round number, and its hours are those of the clock', () => {
  assert.deepEqual([0, Number.NaN, 0.3, 1, 7, 10_001].map(topOf), [1, 1, 0.5, 1, 10, 20_000]);
  const noon = new Date(2026, 10, 26, 12, 10).getTime();
  const marks = ticksOf({ from: noon - 3_600_000, end: noon }, 900_000).map((at) =>
    new Date(at).getMinutes(),
  );
  assert.deepEqual(marks, [15, 30, 45, 0]);
});
