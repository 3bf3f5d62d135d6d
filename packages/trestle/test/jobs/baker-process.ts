/** A process that runs a bakery's operations until its input ends or it is killed: `node baker-process.ts PLACE MILLISECONDS`. */
import { setTimeout as pause } from 'node:timers/promises';
import { openKitchen, PROCESS_LIMITS } from './bakers.ts';
import { leaveCrumb, openBakery, type Work } from './bakery.ts';

const [place = '', milliseconds = '0'] = process.argv.slice(2);

function say(event: string, operation: string, fence: number): void {
  process.stdout.write(`${JSON.stringify({ event, operation, fence, at: Date.now() })}\n`);
}

const work: Work = async (context) => {
  const { operation, fence, progress } = context;
  say('begin', operation, fence);
  for (let step = 1; step <= 4; step += 1) {
    await pause((Number(milliseconds) / 4) * (0.5 + Math.random()));
    progress(step / 4, `step ${step}`);
  }
  say('end', operation, fence);
  return leaveCrumb(context);
};

const store = await openKitchen(place);
const bakery = await openBakery(store, { bake: work, sell: work }, PROCESS_LIMITS);
const running = bakery.start();
process.stdin.resume().once('end', async () => {
  await running.close();
  await store.close();
});
