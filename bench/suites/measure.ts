import type { Candidate } from '../servers/candidate.ts';
import { type LoadResult, runLoad } from './load.ts';
import { type Started, withServers } from './with-servers.ts';
import { connectionsFor, type Operation, secondsFor } from './workload.ts';

export interface Plan {
  readonly candidates: readonly Candidate[];
  /** Name of the server by whose figures the others are divided. */
  readonly reference: string;
  readonly operations: readonly Operation[];
  readonly rows: number;
  readonly runs: number;
  readonly seconds: number;
  readonly pinned: boolean;
  readonly check: boolean;
}

const WARM_UP = 2;
/** Seconds of load after which V8 has compiled a server's code, whichever operation is timed first. */
const COMPILE_SECONDS = 4;

/**
 * Times each operation on every server that has it, in turns, so that other load of the machine affects all of them. The
 * figures of an operation are passed to `keep` before the next begins.
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
    // Every second round in reverse: of two servers neither is always the first.
    for (const each of run % 2 === 0 ? started : started.toReversed()) {
      const result = await runOnce(each, {
        operation,
        rows,
        seconds: run === 0 ? (each.candidate.warmUp ?? WARM_UP) : seconds,
      });
      if (run > 0) results.get(each.candidate.name)?.push(result);
    }
  return started.map((each) => {
    const { name, baseline } = each.candidate;
    return summary(each, { operation, rows }, results.get(name) ?? [], {
      reference: results.get(plan.reference),
      baseline: baseline === undefined ? undefined : results.get(baseline),
    });
  });
}

async function compile(started: Started, { rows }: Plan): Promise<void> {
  const operation = started.running.requests.list ? 'list' : 'read';
  await runOnce(started, { operation, rows, seconds: COMPILE_SECONDS });
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

/** Figures of one run of the load generator, with the server's processor time. */
interface Run extends LoadResult {
  /** Microseconds of the server's processor time per request. */
  readonly cost: number;
}

/** The figures of one operation on one server: medians of several runs. */
export interface Measurement {
  readonly candidate: string;
  /** Name of the report's line for it. */
  readonly line: string;
  readonly title: string;
  readonly operation: Operation;
  readonly rows: number;
  readonly rps: number;
  /** Difference of the highest and the lowest rate, divided by the median. */
  readonly spread: number;
  readonly p50: number;
  readonly p99: number;
  readonly failures: number;
  /** Median over the runs of its rate divided by the reference's; none where that did not run. */
  readonly ratio?: number;
  /** Microseconds of processor time per request: comparable also while other programs use the machine. */
  readonly cost: number;
  /** The reference's cost divided by its own. */
  readonly costRatio?: number;
  /** The same two ratios against the baseline: its rate divided by the baseline's, the baseline's cost divided by its own. */
  readonly againstBaseline?: Ratios;
  /** Megabytes after the runs. */
  readonly memory: number;
}

interface Ratios {
  readonly ratio: number;
  readonly costRatio: number;
}

/** The runs of the servers that one is compared with, in the same order. */
interface Compared {
  readonly reference: readonly Run[] | undefined;
  readonly baseline: readonly Run[] | undefined;
}

function summary(
  { candidate, running }: Started,
  measured: { operation: Operation; rows: number },
  runs: readonly Run[],
  { reference, baseline }: Compared,
): Measurement {
  const rates = runs.map(({ rps }) => rps);
  const middle = runs.find(({ rps }) => rps === median(rates));
  const againstBaseline = ratiosOf(runs, baseline);
  return {
    candidate: candidate.name,
    line: candidate.line ?? candidate.name,
    title: candidate.title,
    ...measured,
    rps: rounded(median(rates)),
    spread: rounded(spread(rates)),
    p50: middle?.p50 ?? Number.NaN,
    p99: middle?.p99 ?? Number.NaN,
    failures: runs.reduce((sum, run) => sum + run.failures, 0),
    cost: rounded(median(runs.map(({ cost }) => cost))),
    ...ratiosOf(runs, reference),
    ...(againstBaseline && { againstBaseline }),
    memory: running.memory(),
  };
}

function ratiosOf(runs: readonly Run[], others: readonly Run[] | undefined): Ratios | undefined {
  if (!others) return undefined;
  const ratio = (quotient: (own: Run, other: Run) => number) =>
    rounded(median(runs.map((own, at) => quotient(own, others[at] ?? own))));
  return {
    ratio: ratio((own, other) => own.rps / other.rps),
    costRatio: ratio((own, other) => other.cost / own.cost),
  };
}

function rounded(value: number): number {
  return Number(value.toPrecision(value >= 1000 ? Math.ceil(Math.log10(value)) : 4));
}

/** A measurement as a line for the terminal. */
function lineOf(found: Measurement): string {
  const times = (value: number | undefined) =>
    value === undefined ? '     ' : `×${value.toFixed(value < 0.1 ? 3 : 2)}`;
  const cells = [
    found.operation.padEnd(10),
    found.candidate.padEnd(28),
    `${found.rps.toFixed(0).padStart(7)}/s ${times(found.ratio)}`,
    `${found.cost.toFixed(0).padStart(6)} µs ${times(found.costRatio)}`,
    `p50 ${found.p50} ms  p99 ${found.p99} ms  ±${(found.spread * 100).toFixed(0)} %  ${found.memory} MB`,
    found.againstBaseline &&
      `baseline ${times(found.againstBaseline.ratio)} µs ${times(found.againstBaseline.costRatio)}`,
    found.failures > 0 ? `${found.failures} FAILED` : '',
  ];
  return cells.filter(Boolean).join('  ');
}

/** The median; of an even number of values the lower one of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
}

/** Difference of the largest and the smallest value, divided by the median. */
function spread(values: readonly number[]): number {
  return (Math.max(...values) - Math.min(...values)) / median(values);
}
