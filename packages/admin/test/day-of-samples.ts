import type { EngineMeasures } from '../../trestle/src/engine.ts';
import { Metrics } from '../../trestle/src/http/metrics/metrics.ts';
import { MetricsHistory } from '../../trestle/src/http/metrics/metrics-history.ts';

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;

/**
 * Writes a day of samples of an app into the ring of a data folder, one a minute, as a server does: few requests at night, many at
 * noon, a slow hour, and one of two hours in which the server did not run.
 */
export async function writeDayOfSamples(data: string, name: string, now = Date.now()): Promise<void> {
  const metrics = new Metrics();
  const tally = metrics.tally('GET', '/v1/notes');
  let minute = 0;
  let writes = 0;
  const busy = () => 1 + Math.sin(((minute - DAY_MINUTES / 4) / DAY_MINUTES) * 2 * Math.PI);
  const measure = async (): Promise<EngineMeasures> => ({
    store: {
      databaseBytes: 20e6 + minute * 9000,
      walBytes: (minute % 90) * 45_000,
      commits: { total: Math.round(writes / 3), writes, waiting: 0 },
    },
    jobs: {
      queued: minute % 200 < 12 ? 12 - (minute % 200) : 0,
      running: minute % 200 < 12 ? 2 : 0,
      oldest: 0,
    },
    events: new Map(),
    backupAge: undefined,
    disk: { free: 1, size: 1 },
  });
  const app = { name, base: '', statements: () => writes * 2, health: () => ({ ready: true }), measure };
  const history = new MetricsHistory(app, { metrics, inFlight: () => 3, data, roles: ['serve', 'work'] });
  for (minute = 0; minute < DAY_MINUTES; minute += 1) {
    if (minute >= 400 && minute < 520) continue;
    const isSlow = minute >= 900 && minute < 960;
    const requests = Math.round(60 * busy()) + (minute % 7);
    for (let at = 0; at < requests; at += 1)
      tally.count(at % 50 === 49 ? 404 : 200, isSlow && at % 9 === 0 ? 0.4 : at % 20 === 0 ? 0.03 : 0.004);
    if (minute % 240 === 100) tally.count(500, 0.05);
    writes += Math.round(12 * busy());
    await history.sample(now - (DAY_MINUTES - minute) * MINUTE_MS);
  }
  await history.stop();
}
