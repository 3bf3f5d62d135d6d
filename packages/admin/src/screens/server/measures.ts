/** A process that serves the app or works for it. */
export interface Process {
  pid: number;
  host: string;
  started_at: string;
  node: string;
  url: string;
  roles: readonly string[];
  seen_at: string | null;
  running: boolean;
  ready: boolean | null;
  last: Readonly<Record<string, number | null>> | null;
}

type Sample = Readonly<Record<string, number | null>>;

export interface History {
  items: readonly { process: Process; samples: readonly Sample[] }[];
}

/** How the values of a step of time, and then those of several processes, become one. */
export type Joins = 'rate' | 'worst' | 'total';

/** Points of a line: more than this a screen does not show. */
export const POINTS = 240;
const MINUTE_MS = 60_000;
/** Time of the first sample of a process, which none is before. */
const SAMPLE_MS = 30_000;
/** Processes of other data folders say something every five minutes; a longer silence is a gap. */
const GAP_MS = 6 * MINUTE_MS;

interface Span {
  readonly from: number;
  readonly end: number;
}

/**
 * Values of a measure at even steps of a span of time; undefined where no process said anything. `rate`: counts as so many a
 * minute, the mean of a step, added over processes. `worst`: the greatest. `total`: the greatest of each process, added.
 */
export function pointsOf(
  measure: string,
  { items }: History,
  { from, end, joins }: Span & { joins: Joins },
): (number | undefined)[] {
  const all: (number | undefined)[] = new Array(POINTS).fill(undefined);
  for (const { samples } of items) {
    const values = joins === 'rate' ? ratesOf(measure, samples) : samples.map((sample) => sample[measure]);
    const steps = Map.groupBy(samples.keys(), (index) =>
      Math.floor((((samples[index]?.at ?? 0) - from) / (end - from)) * POINTS),
    );
    for (const [at, indices] of steps) {
      const own = indices.map((index) => values[index]).filter((value) => typeof value === 'number');
      if (at < 0 || at >= POINTS || own.length === 0) continue;
      const value = joins === 'rate' ? own.reduce((sum, one) => sum + one) / own.length : Math.max(...own);
      const now = all[at];
      all[at] = now === undefined ? value : joins === 'worst' ? Math.max(now, value) : now + value;
    }
  }
  return all;
}

/** Counts of samples as so many a minute, each over the time since the sample before. */
function ratesOf(measure: string, samples: readonly Sample[]): (number | undefined)[] {
  return samples.map(({ at, [measure]: value }, index) => {
    if (typeof value !== 'number' || typeof at !== 'number') return undefined;
    const length = at - (samples[index - 1]?.at ?? at - SAMPLE_MS);
    return (value / Math.min(length, GAP_MS)) * MINUTE_MS;
  });
}

/** Values as a path on a field of `POINTS` by 100, broken where nothing was said for long; a value alone is a dot. */
export function pathOf(points: readonly (number | undefined)[], top: number, { from, end }: Span): string {
  const maxGap = Math.max(2, Math.ceil((GAP_MS / (end - from)) * POINTS));
  let path = '';
  let last: number | undefined;
  points.forEach((value, at) => {
    if (value === undefined) return;
    const isBroken = last === undefined || at - last > maxGap;
    path += `${isBroken ? 'M' : 'L'}${at} ${(100 - (value / top) * 100).toFixed(1)}`;
    if (isBroken) path += 'h0.01';
    last = at;
  });
  return path;
}

/** The least of 1, 2 and 5 times a power of ten that a value fits below. */
export function topOf(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5].find((one) => one * power >= value) ?? 10) * power;
}

/** Instants at which the hours of an axis stand, on whole steps of the viewer's clock. */
export function ticksOf({ from, end }: Span, step: number): number[] {
  const zone = new Date(from).getTimezoneOffset() * MINUTE_MS;
  const first = Math.ceil((from - zone) / step) * step + zone;
  return Array.from({ length: Math.floor((end - first) / step) + 1 }, (_, at) => first + at * step);
}
