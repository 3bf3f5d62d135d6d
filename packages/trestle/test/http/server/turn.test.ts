import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ResponseBatch } from '../../../src/http/routes/send-answer.ts';

const read = (requests: number) => Array.from({ length: requests }, () => ResponseBatch.ofRequest());

test('a request that comes alone is answered at once, and so is the first crowd', async () => {
  const [alone] = read(1);
  assert.equal(alone?.held, undefined);
  await nextTurn();
  const crowd = read(3);
  assert.deepEqual(new Set(crowd).size, 1);
  assert.equal(crowd[0]?.held, undefined);
  await nextTurn();
});

test('after a crowd, answers wait for the end of their turn; late ones go at once', async () => {
  read(3);
  await nextTurn();
  const [turn] = read(1);
  const rest = turn?.held;
  assert.ok(rest instanceof Promise);
  const sent: string[] = [];
  const answers = ['first', 'second'].map((name) => rest.then(() => sent.push(name)));
  await Promise.resolve();
  assert.deepEqual(sent, []);
  await Promise.all(answers);
  assert.deepEqual(sent, ['first', 'second']);
  assert.equal(turn?.held, undefined, 'the turn is over');
});
