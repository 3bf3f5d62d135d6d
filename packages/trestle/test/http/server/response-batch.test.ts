import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResponseBatch } from '../../../src/http/routes/send-answer.ts';

const nextTick = () => new Promise(setImmediate);
const read = (requests: number) => Array.from({ length: requests }, () => ResponseBatch.ofRequest());

test('a request that comes alone is answered at once, and so is the first burst', async () => {
  const [alone] = read(1);
  assert.equal(alone?.held, undefined);
  await nextTick();
  const burst = read(3);
  assert.deepEqual(new Set(burst).size, 1);
  assert.equal(burst[0]?.held, undefined);
  await nextTick();
});

test('after a burst, answers wait for the end of their tick; late ones go at once', async () => {
  read(3);
  await nextTick();
  const [batch] = read(1);
  const flushed = batch?.held;
  assert.ok(flushed instanceof Promise);
  const sent: string[] = [];
  const answers = ['first', 'second'].map((name) => flushed.then(() => sent.push(name)));
  await Promise.resolve();
  assert.deepEqual(sent, []);
  await Promise.all(answers);
  assert.deepEqual(sent, ['first', 'second']);
  assert.equal(batch?.held, undefined, 'the tick is over');
});
