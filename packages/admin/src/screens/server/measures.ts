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

/** How values become one: those of a process within a step of time, and those of several processes. */
export interface Joins {
  within: 'sum' | 'max';
  across: 'sum' | 'max';
}

/** Points of a line: more than this a screen does not show. */
export const POINTS = 240;

/** Values of a measure at even steps of a span of time; undefined where no process said anything. */
export function pointsOf(
  measure: string,
  { items }: History,
  { from, end, within, across }: Joins & { from: number; end: number },
): (number | undefined)[] {
  const all: (number | undefined)[] = new Array(POINTS).fill(undefined);
  for (const { samples } of items) {
    const own = new Map<number, number>();
    for (const sample of samples) {
      const value = sample[measure];
      const at = Math.floor((((sample.at ?? 0) - from) / (end - from)) * POINTS);
      if (typeof value === 'number' && at >= 0 && at < POINTS)
        own.set(at, joined(own.get(at), value, within));
    }
    for (const [at, value] of own) all[at] = joined(all[at], value, across);
  }
  return all;
}

function joined(before: number | undefined, value: number, how: 'sum' | 'max'): number {
  if (before === undefined) return value;
  return how === 'sum' ? before + value : Math.max(before, value);
}
