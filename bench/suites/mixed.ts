import { runLoad } from './load.ts';
import type { Plan } from './measure.ts';
import { type Started, withServers } from './with-servers.ts';

/** Latency of reads alone, and during writes at the maximum rate. Times are milliseconds. */
export interface MixedMeasurement {
  readonly candidate: string;
  readonly title: string;
  readonly alone: Reads;
  readonly underWrites: Reads;
  readonly writesPerSecond: number;
}

interface Reads {
  readonly rps: number;
  readonly p50: number;
  readonly p99: number;
}

const READERS = 8;
const WRITERS = 32;

/** Reads one by one from 8 connections, first alone, then beside 32 that create rows. */
export function measureMixed(plan: Plan): Promise<MixedMeasurement[]> {
  return withServers(plan, async (all) => {
    const found: MixedMeasurement[] = [];
    for (const started of all) {
      const { read, create } = started.running.requests;
      if (!read || !create || started.candidate.fixed) continue;
      const measurement = await measureOne(plan, started);
      found.push(measurement);
      const { alone, underWrites, writesPerSecond } = measurement;
      console.log(
        `${started.candidate.name.padEnd(28)}  alone p50 ${alone.p50} p99 ${alone.p99} ms  ` +
          `under ${Math.round(writesPerSecond)} writes/s p50 ${underWrites.p50} p99 ${underWrites.p99} ms`,
      );
    }
    return found;
  });
}

async function measureOne(
  plan: Plan,
  { candidate, running, loadCores: cores }: Started,
): Promise<MixedMeasurement> {
  const { read, create } = running.requests;
  if (!read || !create) throw new Error(`${candidate.name} has no read or no create`);
  const common = { url: running.url, rows: plan.rows, seconds: plan.seconds, cores };
  const reads = () => runLoad({ ...common, request: read, connections: READERS });
  const writes = () => runLoad({ ...common, request: create, connections: WRITERS });
  await reads();
  const alone = await reads();
  const [underWrites, written] = await Promise.all([reads(), writes()]);
  const { name, title } = candidate;
  return { candidate: name, title, alone, underWrites, writesPerSecond: written.rps };
}
