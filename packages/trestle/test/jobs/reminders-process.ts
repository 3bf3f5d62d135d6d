/**
 * Runs a job until its input ends or it is killed: `node reminders-process.ts remind|after DATA MILLISECONDS [URL]`. It is the
 * declared job of the reminders app, or its code after a note is created.
 */
import { once } from 'node:events';
import { openEngine } from '../../src/engine.ts';
import type { JobContext } from '../../src/index.ts';
import { afterNotesApp, remindersApp } from './reminders-app.ts';
import { PROCESS_LIMITS, type Said } from './worker-processes.ts';

const [code = '', data = '', milliseconds = '0', database] = process.argv.slice(2);

async function run({ job, attempt, signal }: JobContext): Promise<void> {
  const say = (event: Said['event']) =>
    process.stdout.write(`${JSON.stringify({ event, operation: job, fence: attempt, at: Date.now() })}\n`);
  say('begin');
  // A run that is to be killed never ends by itself.
  if (Number(milliseconds) > 0) await once(signal, 'abort');
  say('end');
}

const app = code === 'after' ? afterNotesApp(run) : remindersApp(run);
const engine = await openEngine(app, { data, database, shared: true, roles: ['work'], jobs: PROCESS_LIMITS });
process.stdin.resume().once('end', () => engine.close());
