/** Runs the operations of the lifecycle app until its input ends or it is killed: `node worker-process.ts PLACE MILLISECONDS`. */
import { setTimeout as pause } from 'node:timers/promises';
import { openLifecycleApp, type Run, recordEffect } from './lifecycle-app.ts';
import { openSharedStore, PROCESS_LIMITS } from './worker-processes.ts';

const [place = '', milliseconds = '0'] = process.argv.slice(2);

function say(event: string, operation: string, fence: number): void {
  process.stdout.write(`${JSON.stringify({ event, operation, fence, at: Date.now() })}\n`);
}

const work: Run = async (context) => {
  const { operation, fence, progress } = context;
  say('begin', operation, fence);
  for (let step = 1; step <= 4; step += 1) {
    await pause((Number(milliseconds) / 4) * (0.5 + Math.random()));
    progress(step / 4, `step ${step}`);
  }
  say('end', operation, fence);
  return recordEffect(context);
};

const store = await openSharedStore(place);
const opened = await openLifecycleApp(store, { approve: work, publish: work }, PROCESS_LIMITS);
const running = opened.start();
process.stdin.resume().once('end', async () => {
  await running.close();
  await store.close();
});
