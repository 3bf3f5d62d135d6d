/** Runs the jobs of the clinic until its input ends or it is killed: `node reminder-process.ts DATA [URL]`. */
import { openEngine } from '../../../packages/trestle/src/engine.ts';
import { PROCESS_LIMITS } from '../../../packages/trestle/test/jobs/worker-processes.ts';
import clinic from '../app.ts';

const [data = '', database] = process.argv.slice(2);
const engine = await openEngine(clinic, {
  data,
  database,
  shared: true,
  roles: ['work'],
  jobs: PROCESS_LIMITS,
});
process.stdin.resume().once('end', () => engine.close());
