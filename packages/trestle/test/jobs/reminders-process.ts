/** Runs the job of the reminders app until its input ends or it is killed: `node reminders-process.ts DATA MILLISECONDS [URL]`. */
import { once } from 'node:events';
import { openEngine } from '../../src/engine.ts';
import { remindersApp } from './reminders-app.ts';
import { PROCESS_LIMITS, type Said } from './worker-processes.ts';

const [data = '', milliseconds = '0', database] = process.argv.slice(2);

const app = remindersApp(async ({ job, attempt, signal }) => {
  const say = (event: Said['event']) =>
    process.stdout.write(`${JSON.stringify({ event, operation: job, fence: attempt, at: Date.now() })}\n`);
  say('begin');
  // A run that is to be killed never ends by itself.
  if (Number(milliseconds) > 0) await once(signal, 'abort');
  say('end');
});
const engine = await openEngine(app, { data, database, shared: true, roles: ['work'], jobs: PROCESS_LIMITS });
process.stdin.resume().once('end', () => engine.close());
