import type { Candidate } from './candidate.ts';
import { runLoad } from './load.ts';
import { lineOf, type Measurement, type Run, summary } from './measurement.ts';
import { type Started, withServers } from './with-servers.ts';
import { connectionsFor, type Operation, secondsFor } from './workload.ts';

export interface Plan {
  readonly candidates: readonly Candidate[];
  readonly limit: string;
  readonly operations: readonly Operation[];
  readonly rows: number;
  readonly runs: number;
  readonly seconds: number;
  readonly pinned: boolean;
  readonly check: boolean;
}

const WARM_UP = 2;
/** Seconds until what a server runs is compiled, whichever operation it is timed for first. */
const COMPILED_AFTER = 4;

/**
 * Times each operation on every server that has it, in turns, so that whatever else the machine does falls on all. What an
 * operation gave is handed to `keep` before the next begins.
 */
export function measure(plan: Plan, keep: (found: readonly Measurement[]) => void): Promise<void> {
  return withServers(plan, async (started) => {
    if (plan.check) return;
    for (const each of started) await compile(each, plan);
    for (const operation of plan.operations) {
      const found = await measureOperation(plan, started, operation);
      for (const measurement of found) console.log(lineOf(measurement));
      keep(found);
    }
  });
}

async function measureOperation(
  plan: Plan,
  all: readonly Started[],
  operation: Operation,
): Promise<Measurement[]> {
  const { runs, rows, seconds } = plan;
  const started = all.filter(
    ({ candidate, running }) => running.requests[operation] && (candidate.times?.includes(operation) ?? true),
  );
  const results = new Map<string, Run[]>(started.map(({ candidate }) => [candidate.name, []]));
  for (let run = 0; run <= runs; run += 1)
    for (const each of started) {
      const result = await runOnce(each, {
        operation,
        rows,
        seconds: run === 0 ? (each.candidate.warmUp ?? WARM_UP) : seconds,
      });
      if (run > 0) results.get(each.candidate.name)?.push(result);
    }
  const limit = results.get(plan.limit);
  return started.map((each) =>
    summary(each, { operation, rows }, results.get(each.candidate.name) ?? [], limit),
  );
}

async function compile(started: Started, { rows }: Plan): Promise<void> {
  const operation = started.running.requests.list ? 'list' : 'read';
  await runOnce(started, { operation, rows, seconds: COMPILED_AFTER });
}

interface Once {
  readonly operation: Operation;
  readonly rows: number;
  readonly seconds: number;
}

/** One run of an operation on one server. */
export async function runOnce(
  { running, loadCores: cores }: Started,
  { operation, rows, seconds: wanted }: Once,
): Promise<Run> {
  const request = running.requests[operation];
  if (!request) throw new Error(`there is no request for ${operation}`);
  const connections = connectionsFor(operation);
  const seconds = secondsFor(operation, wanted);
  const before = running.processorTime();
  const result = await runLoad({ url: running.url, request, rows, connections, seconds, cores });
  const spent = running.processorTime() - before;
  return { ...result, cost: (spent * 1e6) / (result.rps * seconds) };
}
