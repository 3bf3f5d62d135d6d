import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { nextOfCron, parseCron } from '../../src/schema/checks/cron.ts';

const MINUTE = 60_000;

/** The next instants of an expression, as RFC 3339. */
function nextOnes(expression: string, timeZone: string, after: string, count = 1): string[] {
  const cron = parseCron(expression);
  const found: string[] = [];
  for (let at = Date.parse(after); found.length < count; ) {
    at = nextOfCron(cron, timeZone, at);
    found.push(new Date(at).toISOString().replace('.000', ''));
  }
  return found;
}

describe('cron expressions', () => {
  it('are read as crontab(5) reads them', () => {
    assert.deepEqual(nextOnes('0 8 * * *', 'UTC', '2026-03-01T08:00:00Z', 2), [
      '2026-03-02T08:00:00Z',
      '2026-03-03T08:00:00Z',
    ]);
    assert.deepEqual(nextOnes('*/20 9-10 * * mon-fri', 'UTC', '2026-02-27T10:39:59Z', 3), [
      '2026-02-27T10:40:00Z',
      '2026-03-02T09:00:00Z',
      '2026-03-02T09:20:00Z',
    ]);
    assert.deepEqual(nextOnes('30,5 0 29 feb *', 'UTC', '2026-01-01T00:00:00Z', 2), [
      '2028-02-29T00:05:00Z',
      '2028-02-29T00:30:00Z',
    ]);
    // Where day and weekday are both limited, either will do; 7 is a Sunday too.
    assert.deepEqual(nextOnes('0 0 13 * 7', 'UTC', '2026-11-08T00:00:00Z', 2), [
      '2026-11-13T00:00:00Z',
      '2026-11-15T00:00:00Z',
    ]);
    assert.deepEqual(nextOnes('5/25 * * * *', 'UTC', '2026-01-01T00:00:00Z', 3), [
      '2026-01-01T00:05:00Z',
      '2026-01-01T00:30:00Z',
      '2026-01-01T00:55:00Z',
    ]);
  });

  it('follow the clocks of their time zone', () => {
    const berlin = (expression: string, after: string, count?: number) =>
      nextOnes(expression, 'Europe/Berlin', after, count);
    assert.deepEqual(berlin('0 8 * * *', '2026-03-28T08:00:00Z', 2), [
      '2026-03-29T06:00:00Z',
      '2026-03-30T06:00:00Z',
    ]);
    // 2:30 is skipped on March 29, and shown twice on October 25.
    assert.deepEqual(berlin('30 2 * * *', '2026-03-28T12:00:00Z', 2), [
      '2026-03-29T01:30:00Z',
      '2026-03-30T00:30:00Z',
    ]);
    assert.deepEqual(berlin('30 2 * * *', '2026-10-24T12:00:00Z', 2), [
      '2026-10-25T00:30:00Z',
      '2026-10-26T01:30:00Z',
    ]);
    // Every hour means each that passes.
    assert.deepEqual(berlin('30 * * * *', '2026-10-25T00:00:00Z', 3), [
      '2026-10-25T00:30:00Z',
      '2026-10-25T01:30:00Z',
      '2026-10-25T02:30:00Z',
    ]);
    assert.deepEqual(nextOnes('0 * * * *', 'Australia/Lord_Howe', '2026-04-04T14:45:00Z', 2), [
      '2026-04-04T15:30:00Z',
      '2026-04-04T16:30:00Z',
    ]);
  });

  it('name what is wrong with them', () => {
    assert.throws(() => parseCron('0 8 * *'), /expected five fields .* got '0 8 \* \*'/);
    assert.throws(() => parseCron('0 25 * * *'), /^TypeError: hour: expected 0 to 23, got '25'$/);
    assert.throws(() => parseCron('0 0 * * xyz'), /weekday: expected 0 to 7, got 'xyz'/);
    assert.throws(() => parseCron('5-1 * * * *'), /minute: '5-1' is no range/);
    assert.throws(() => parseCron('*/0 * * * *'), /minute: '\*\/0' is no range/);
    assert.throws(() => parseCron('0 0 31 2 *'), /a date that never comes/);
  });

  it('come next at the first minute that matches, and never at another', () => {
    const values = (least: number, greatest: number) =>
      fc.oneof(
        fc.constant('*'),
        fc.integer({ min: least, max: greatest }).map(String),
        fc.integer({ min: 2, max: 9 }).map((step) => `*/${step}`),
      );
    const expression = fc.tuple(values(0, 59), values(0, 23), values(1, 28), values(0, 6));
    fc.assert(
      fc.property(expression, fc.integer({ min: 0, max: 500_000 }), ([minute, hour, day, weekday], at) => {
        const cron = parseCron(`${minute} ${hour} ${day} * ${weekday}`);
        const after = Date.UTC(2026, 0, 1) + at * MINUTE + 17_000;
        const fits = (instant: number) => {
          const date = new Date(instant);
          const days = [cron.days.has(date.getUTCDate()), cron.weekdays.has(date.getUTCDay())];
          const isDay = cron.either ? days.includes(true) : !days.includes(false);
          return isDay && cron.hours.has(date.getUTCHours()) && cron.minutes.has(date.getUTCMinutes());
        };
        let expected = Math.ceil(after / MINUTE) * MINUTE;
        while (!fits(expected)) expected += MINUTE;
        assert.equal(nextOfCron(cron, 'UTC', after), expected);
      }),
      { numRuns: 60 },
    );
  });
});
