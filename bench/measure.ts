import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Candidate, Running } from './candidate.ts';
import { checkAnswers } from './check-answers.ts';
import { type LoadResult, runLoad } from './load.ts';
import { median, spread } from './numbers.ts';
import { withDatabases } from './postgres.ts';
import { connectionsFor, type Operation } from './workload.ts';

/** The figures of one operation on one server: medians of several runs. */
export interface Measurement {
  readonly candidate: string;
  /** The line of the report it stands in. */
  readonly line: string;
  readonly title: string;
  readonly operation: Operation;
  readonly rows: number;
  readonly rps: number;
  /** Between the least and the most of the runs, as a part of the median. */
  readonly spread: number;
  readonly p50: number;
  readonly p99: number;
  readonly failures: number;
  /** Its rate divided by the limit's, run by run, the median of that; none where the limit did not run. */
  readonly ratio?: number;
  /** Microseconds of the server's processor time per request: what is left to compare on a machine that others use too. */
  readonly cost: number;
  /** The limit's cost divided by its own. */
  readonly costRatio?: number;
  /** Megabytes after the runs. */
  readonly memory: number;
}

export interface Plan {
  readonly candidates: readonly Candidate[];
  readonly limit: string;
  readonly operations: readonly Operation[];
  readonly rows: number;
  readonly runs: number;
  readonly seconds: number;
  readonly workers: number;
  readonly check: boolean;
}

export interface Started {
  readonly candidate: Candidate;
  readonly running: Running;
}

const FIRST_PORT = 4100;
const WARM_UP = 2;

/** Starts every server, checks what it answers, gives them to `work`, and stops them whatever happens. */
export async function withServers<T>(
  { candidates, rows, workers }: Pick<Plan, 'candidates' | 'rows' | 'workers'>,
  work: (started: readonly Started[]) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'trestle-bench-'));
  const started: Started[] = [];
  return withDatabases(candidates, async (databaseOf) => {
    try {
      for (const [at, candidate] of candidates.entries()) {
        const running = await candidate.start({
          folder: mkdtempSync(join(folder, `${candidate.name}-`)),
          port: FIRST_PORT + at,
          cores: workers > 1 ? 'any' : 'server',
          rows,
          workers,
          database: await databaseOf(candidate),
        });
        started.push({ candidate, running });
        await checkAnswers({ candidate, running, rows });
        console.log(
          `${candidate.name}: answers are right; first answer after ${Math.round(running.startMs)} ms`,
        );
      }
      return await work(started);
    } finally {
      for (const { running } of started) await running.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

/** Times each operation on every server that has it, in turns, so that whatever else the machine does falls on all. */
export function measure(plan: Plan): Promise<Measurement[]> {
  return withServers(plan, async (started) => {
    const found: Measurement[] = [];
    if (plan.check) return found;
    for (const operation of plan.operations)
      for (const measurement of await measureOperation(plan, started, operation)) {
        found.push(measurement);
        print(measurement);
      }
    return found;
  });
}

async function measureOperation(
  plan: Plan,
  all: readonly Started[],
  operation: Operation,
): Promise<Measurement[]> {
  const started = all.filter(({ running }) => running.requests[operation]);
  const results = new Map<string, Run[]>(started.map(({ candidate }) => [candidate.name, []]));
  for (let run = 0; run <= plan.runs; run += 1)
    for (const each of started) {
      const result = await load(each, operation, plan.rows, run === 0 ? WARM_UP : plan.seconds);
      if (run > 0) results.get(each.candidate.name)?.push(result);
    }
  const limit = results.get(plan.limit);
  return started.map((each) =>
    summary(plan, each, operation, { runs: results.get(each.candidate.name) ?? [], limit }),
  );
}

function load(
  { running }: Started,
  operation: Operation,
  rows: number,
  seconds: number,
): Promise<LoadResult> {
  const request = running.requests[operation];
  if (!request) throw new Error(`nothing to ask for ${operation}`);
  return runLoad({ url: running.url, request, rows, connections: connectionsFor(operation), seconds });
}

function summary(
  plan: Plan,
  { candidate, running }: Started,
  operation: Operation,
  { runs, limit }: { runs: readonly Run[]; limit: readonly Run[] | undefined },
): Measurement {
  const rates = runs.map(({ rps }) => rps);
  const rps = median(rates);
  const middle = runs.find((run) => run.rps === rps);
  const ratios = limit?.map((run, at) => (rates[at] ?? Number.NaN) / run.rps);
  const costs = runs.map(({ cost }) => cost);
  const costRatios = limit?.map((run, at) => run.cost / (costs[at] ?? Number.NaN));
  return {
    candidate: candidate.name,
    line: candidate.line ?? candidate.name,
    title: candidate.title,
    operation,
    rows: plan.rows,
    rps: Math.round(rps * 10) / 10,
    spread: rounded(spread(rates)),
    p50: middle?.p50 ?? Number.NaN,
    p99: middle?.p99 ?? Number.NaN,
    failures: runs.reduce((sum, run) => sum + run.failures, 0),
    ...(ratios && { ratio: rounded(median(ratios)) }),
    cost: Math.round(median(costs) * 10) / 10,
    ...(costRatios && { costRatio: rounded(median(costRatios)) }),
    memory: running.memory(),
  };
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function print({
  operation,
  candidate,
  rps,
  ratio,
  p50,
  p99,
  spread: apart,
  failures,
  memory,
}: Measurement): void {
  const cells = [
    operation.padEnd(10),
    candidate.padEnd(28),
    `${rps.toFixed(0).padStart(7)}/s`,
    ratio === undefined ? '      ' : `×${ratio.toFixed(2)} `,
    `${cost.toFixed(0).padStart(5)} µs`,
    costRatio === undefined ? '      ' : `×${costRatio.toFixed(2)} `,
    `p50 ${p50} ms  p99 ${p99} ms  ±${(apart * 100).toFixed(0)} %  ${memory} MB`,
    failures > 0 ? `${failures} FAILED` : '',
  ];
  console.log(cells.join('  '));
}
