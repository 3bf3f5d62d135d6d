import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Duration, seconds } from '../../src/schema/duration.ts';

describe('a duration', () => {
  const right: readonly (readonly [Duration, number])[] = [
    ['1s', 1],
    ['45m', 2700],
    ['2h', 7200],
    ['15d', 1_296_000],
    ['0.5h', 1800],
    [90, 90],
  ];
  for (const [duration, expected] of right)
    test(`${duration} is ${expected} seconds`, () => assert.equal(seconds(duration, 'a.b'), expected));

  const wrong = [
    '',
    '45',
    '45 m',
    '45M',
    '-1h',
    '0s',
    '1w',
    '1h30m',
    'h',
    0,
    -5,
    Number.NaN,
    Infinity,
    null,
    {},
  ];
  for (const duration of wrong)
    test(`${JSON.stringify(duration)} (${String(duration)}) is none`, () => {
      assert.throws(
        () => seconds(duration as Duration, 'forum.accounts.session'),
        /^TypeError: forum\.accounts\.session: expected a duration such as '45m', '2h' or '15d', got /,
      );
    });
});
