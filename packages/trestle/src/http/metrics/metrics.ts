/** Upper bounds of the duration histogram, in seconds. */
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Durations of one route and status. */
interface Durations {
  readonly buckets: Float64Array;
  sum: number;
  count: number;
}

/** The counters of one route. Counting costs a few additions; text is made only when metrics are requested. */
export class RouteTally {
  readonly method: string;
  readonly route: string;
  readonly byStatus = new Map<number, Durations>();

  constructor(method: string, route: string) {
    this.method = method;
    this.route = route;
  }

  count(status: number, seconds: number): void {
    let durations = this.byStatus.get(status);
    if (durations === undefined) {
      durations = { buckets: new Float64Array(BOUNDS.length), sum: 0, count: 0 };
      this.byStatus.set(status, durations);
    }
    durations.sum += seconds;
    durations.count += 1;
    for (let at = BOUNDS.length - 1; at >= 0 && seconds <= (BOUNDS[at] ?? 0); at--)
      durations.buckets[at] = (durations.buckets[at] ?? 0) + 1;
  }
}

/** Requests so far: of a whole path, all routes and statuses together. */
export interface RequestTotals {
  readonly count: number;
  /** Answered with 5xx. */
  readonly errors: number;
  /** Answered with 4xx. */
  readonly refused: number;
  /** Seconds. */
  readonly bounds: readonly number[];
  /** Requests that took so long at most, by bound. */
  readonly buckets: readonly number[];
}

/** A name of the text format, what it is, and its value by labels. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The durations of requests: under a name of ours, and under that of OpenTelemetry's conventions. */
const DURATIONS = [
  { name: 'trestle_request_duration_seconds', labels: ['method', 'route', 'status'] },
  {
    name: 'http_server_request_duration_seconds',
    labels: ['http_request_method', 'http_route', 'http_response_status_code'],
  },
] as const;

/** All that the server counts, in the Prometheus text format 0.0.4. */
export class Metrics {
  readonly #tallies: RouteTally[] = [];
  readonly #sources: (() => Promise<readonly Family[]>)[] = [];
  /** Requests that no route took. */
  readonly unmatched = this.tally('', '');
  #process: Promise<() => Promise<string>> | undefined;

  tally(method: string, route: string): RouteTally {
    const tally = new RouteTally(method, route);
    this.#tallies.push(tally);
    return tally;
  }

  /** Adds what is asked whenever metrics are. */
  add(source: () => Promise<readonly Family[]>): void {
    this.#sources.push(source);
  }

  /** The requests under a path: `` for all. */
  totals(base: string): RequestTotals {
    const totals = { count: 0, errors: 0, refused: 0, bounds: BOUNDS, buckets: BOUNDS.map(() => 0) };
    for (const { route, byStatus } of this.#tallies) {
      if (route !== base && !route.startsWith(`${base}/`)) continue;
      for (const [status, durations] of byStatus) {
        totals.count += durations.count;
        if (status >= 500) totals.errors += durations.count;
        else if (status >= 400) totals.refused += durations.count;
        totals.buckets = totals.buckets.map((all, at) => all + (durations.buckets[at] ?? 0));
      }
    }
    return totals;
  }

  async text(): Promise<string> {
    // Memory, processor, descriptors, collections and loop delay, from the first time they are asked for.
    this.#process ??= import('prom-client').then(({ collectDefaultMetrics, Registry }) => {
      const registry = new Registry();
      collectDefaultMetrics({ register: registry });
      return () => registry.metrics();
    });
    const ofProcess = await this.#process;
    const families = (await Promise.all(this.#sources.map((source) => source()))).flat();
    return [
      ...DURATIONS.map((named) => this.#durations(named)),
      ...families.map(({ name, help, type, samples }) => {
        const lines = samples.map(({ labels, value }) => `${name}{${labelText(labels)}} ${value}`);
        return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ''].join('\n');
      }),
      await ofProcess(),
    ].join('');
  }

  #durations({ name, labels: [method, route, status] }: (typeof DURATIONS)[number]): string {
    const lines = [
      `# HELP ${name} Time from the request's header to the end of its answer.`,
      `# TYPE ${name} histogram`,
    ];
    for (const tally of this.#tallies)
      for (const [code, durations] of tally.byStatus) {
        const labels = labelText({ [method]: tally.method, [route]: tally.route, [status]: String(code) });
        BOUNDS.forEach((bound, at) => {
          lines.push(`${name}_bucket{${labels},le="${bound}"} ${durations.buckets[at] ?? 0}`);
        });
        lines.push(`${name}_bucket{${labels},le="+Inf"} ${durations.count}`);
        lines.push(`${name}_sum{${labels}} ${durations.sum}`, `${name}_count{${labels}} ${durations.count}`);
      }
    return `${lines.join('\n')}\n`;
  }
}

function labelText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${value.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`))}"`)
    .join(',');
}
