import type { LoadResult } from './load.ts';
import { median, spread } from './numbers.ts';
import type { Started } from './with-servers.ts';
import type { Operation } from './workload.ts';

/** One run: what the load saw, and what the server spent. */
export interface Run extends LoadResult {
  /** Microseconds of the server's processor time per request. */
  readonly cost: number;
}

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
  /** Microseconds of processor time per request: what is left to compare where others use the machine, too. */
  readonly cost: number;
  /** The limit's cost divided by its own. */
  readonly costRatio?: number;
  /** Megabytes after the runs. */
  readonly memory: number;
}

/** The medians of some runs, beside those that the limit had in turn with them. */
export function summary(
  { candidate, running }: Started,
  what: { operation: Operation; rows: number },
  runs: readonly Run[],
  limit: readonly Run[] | undefined,
): Measurement {
  const rates = runs.map(({ rps }) => rps);
  const middle = runs.find(({ rps }) => rps === median(rates));
  const against = (quotient: (limit: Run, own: Run) => number) =>
    limit && rounded(median(runs.map((own, at) => quotient(limit[at] ?? own, own))));
  const ratio = against((limit, own) => own.rps / limit.rps);
  const costRatio = against((limit, own) => limit.cost / own.cost);
  return {
    candidate: candidate.name,
    line: candidate.line ?? candidate.name,
    title: candidate.title,
    ...what,
    rps: rounded(median(rates)),
    spread: rounded(spread(rates)),
    p50: middle?.p50 ?? Number.NaN,
    p99: middle?.p99 ?? Number.NaN,
    failures: runs.reduce((sum, run) => sum + run.failures, 0),
    ...(ratio !== undefined && { ratio }),
    cost: rounded(median(runs.map(({ cost }) => cost))),
    ...(costRatio !== undefined && { costRatio }),
    memory: running.memory(),
  };
}

function rounded(value: number): number {
  return Number(value.toPrecision(value >= 1000 ? Math.ceil(Math.log10(value)) : 4));
}

/** One line for the terminal. */
export function lineOf(found: Measurement): string {
  const times = (value: number | undefined) =>
    value === undefined ? '     ' : `×${value.toFixed(value < 0.1 ? 3 : 2)}`;
  const cells = [
    found.operation.padEnd(10),
    found.candidate.padEnd(28),
    `${found.rps.toFixed(0).padStart(7)}/s ${times(found.ratio)}`,
    `${found.cost.toFixed(0).padStart(6)} µs ${times(found.costRatio)}`,
    `p50 ${found.p50} ms  p99 ${found.p99} ms  ±${(found.spread * 100).toFixed(0)} %  ${found.memory} MB`,
    found.failures > 0 ? `${found.failures} FAILED` : '',
  ];
  return cells.join('  ').trimEnd();
}
