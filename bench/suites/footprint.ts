import { setTimeout as pause } from 'node:timers/promises';
import type { Installed } from '../servers/peers/install-peer.ts';
import { runLoad } from './load.ts';
import { median, type Plan } from './measure.ts';
import { type Started, withServers } from './with-servers.ts';

/** Start time, memory and installed size of a server. */
export interface Footprint {
  readonly candidate: string;
  readonly title: string;
  /** Milliseconds from the start of the process to its first answer: the median of several. */
  readonly startMs: number;
  /** Megabytes at that answer, a second after all its answers were checked, and after a load of lists. */
  readonly fresh: number;
  readonly idle: number;
  readonly loaded: number;
  readonly installed?: Installed;
}

const STARTS = 3;
const SETTLED = 1000;

/** Starts every server several times. */
export async function measureFootprint(plan: Plan): Promise<Footprint[]> {
  const found: Footprint[] = [];
  // Of servers that share a line of the report, only the one it is named after.
  for (const candidate of plan.candidates.filter(({ line, name }) => !line || line === name)) {
    const starts: number[] = [];
    let memory = { fresh: 0, idle: 0, loaded: 0 };
    for (let start = 0; start < STARTS; start += 1)
      await withServers({ ...plan, candidates: [candidate] }, async ([started]) => {
        if (!started) return;
        starts.push(started.running.startMs);
        if (start === STARTS - 1) memory = await memoryOf(started, plan);
      });
    const { name, title } = candidate;
    const startMs = Math.round(median(starts));
    console.log(
      `${name.padEnd(28)}  start ${startMs} ms, fresh ${memory.fresh} MB, idle ${memory.idle} MB, loaded ${memory.loaded} MB`,
    );
    const installed = candidate.installed?.();
    found.push({ candidate: name, title, startMs, ...memory, ...(installed && { installed }) });
  }
  return found;
}

async function memoryOf({ running, loadCores: cores }: Started, { rows, seconds }: Plan) {
  await pause(SETTLED);
  const idle = running.memory();
  const request = running.requests.list ?? running.requests.read;
  if (request) await runLoad({ url: running.url, request, rows, connections: 32, seconds, cores });
  return { fresh: running.startMemory, idle, loaded: running.memory() };
}
