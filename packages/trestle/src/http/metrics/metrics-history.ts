import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  write,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineMeasures } from '../../engine.ts';
import type { Metrics, RequestTotals } from './metrics.ts';
import type { SharedProcesses } from './shared-processes.ts';

/** Milliseconds between two samples, and the samples of a day. */
const INTERVAL_MS = 30_000;
const SAMPLES = 2880;
/** Bytes in front of the samples: whose they are, as JSON. */
const HEAD_LENGTH = 1024;
/** Files of one app that are kept: those of processes that have ended hold the rest of the day. */
const MAX_FILES = 32;
/** A process that wrote no sample for so long has ended, without a word: it was killed. */
const GONE_AFTER_MS = 2.5 * INTERVAL_MS;
/** How long the end of a process waits for the database to take its last word. */
const MAX_END_MS = 500;

/** The measures of a sample, in the order in which they are kept. Times are milliseconds, sizes bytes; NaN where there is none. */
export const MEASURES = [
  'at',
  'requests',
  'errors',
  'refused',
  'p50',
  'p95',
  'p99',
  'loop_mean',
  'loop_max',
  'utilization',
  'memory',
  'heap',
  'in_flight',
  'database_bytes',
  'wal_bytes',
  'commits',
  'committed_writes',
  'statements',
  'jobs_queued',
  'jobs_running',
  'ready',
] as const;

export type Sample = Record<(typeof MEASURES)[number], number>;

const SAMPLE_LENGTH = MEASURES.length * 8;

/** A process that serves an app or works for it. */
interface ProcessView {
  readonly pid: number;
  readonly host: string;
  readonly started_at: string;
  readonly node: string;
  readonly url: string;
  readonly roles: readonly string[];
  /** When it wrote its last sample. */
  readonly seen_at: string | null;
  readonly running: boolean;
  /** Whether the app took requests then; null of a process that has ended. */
  readonly ready: boolean | null;
  readonly last: Sample | null;
}

/** A process without what changes. */
export type ProcessHead = Omit<ProcessView, 'seen_at' | 'running' | 'ready' | 'last'> & {
  /** When it stopped. One that was killed has none, and is known by its silence. */
  readonly ended_at?: string;
};

/** The measures of one process, in order. */
interface ProcessHistory {
  readonly process: ProcessView;
  readonly samples: readonly Sample[];
}

/** An app as its history measures it. */
interface MeasuredApp {
  readonly name: string;
  /** The path of its routes: '' alone. */
  readonly base: string;
  measure(): Promise<EngineMeasures>;
  statements(): number;
  health(): { readonly ready: boolean };
  /** Processes on other data folders; undefined where the database is in one. */
  readonly shared?: SharedProcesses | undefined;
}

interface HistoryOptions {
  readonly metrics: Metrics;
  readonly inFlight: () => number;
  readonly data: string | undefined;
  readonly roles?: readonly string[];
}

/**
 * The measures of one app in this process over the last day: one sample every half minute, in a file of fixed size in the data folder,
 * where a sample's place follows from its time. Other processes on the folder have files of their own, and each reads all of them;
 * those on other folders tell of themselves in the database.
 */
export class MetricsHistory {
  readonly #app: MeasuredApp;
  readonly #metrics: Metrics;
  readonly #inFlight: () => number;
  readonly #folder: string | undefined;
  readonly #startedAt = new Date().toISOString();
  readonly #roles: readonly string[];
  /** Where there is no folder, or it cannot be written. */
  readonly #kept: Sample[] = [];
  #file: number | undefined;
  #url = '';
  #timer: NodeJS.Timeout | undefined;
  /** The last sample. */
  #sampled = Promise.resolve();
  #hasEnded = false;
  #delay: ReturnType<typeof monitorEventLoopDelay> | undefined;
  #before: {
    totals: RequestTotals;
    loop: ReturnType<typeof performance.eventLoopUtilization>;
    counts: Counts;
  };

  constructor(app: MeasuredApp, { metrics, inFlight, data, roles = [] }: HistoryOptions) {
    this.#app = app;
    this.#roles = roles;
    this.#metrics = metrics;
    this.#inFlight = inFlight;
    this.#folder = data === undefined ? undefined : join(data, 'metrics');
    this.#before = {
      totals: metrics.totals(app.base),
      loop: performance.eventLoopUtilization(),
      counts: { commits: 0, writes: 0, statements: 0 },
    };
  }

  start(url: string): void {
    this.#url = url;
    this.#delay = monitorEventLoopDelay({ resolution: 100 });
    this.#delay.enable();
    this.#timer = setInterval(() => {
      this.#sampled = this.sample();
    }, INTERVAL_MS).unref();
  }

  /** Takes no more samples, and tells the other processes that this one has ended. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#delay?.disable();
    this.#hasEnded = true;
    const head = { ...this.#head(), ended_at: new Date().toISOString() };
    if (this.#file !== undefined) {
      writeHead(this.#file, head);
      closeSync(this.#file);
    }
    this.#file = undefined;
    // After the last sample, which tells of a process that is there. A database that is away holds up no end.
    const told = this.#sampled.then(() => this.#app.shared?.end(head)).catch(() => {});
    await Promise.race([told, sleep(MAX_END_MS, undefined, { ref: false })]);
  }

  /** Takes a sample, of what has been since the last one. An app whose database is away has none of it. */
  async sample(at = Date.now()): Promise<void> {
    const measured = await this.#app.measure().catch(() => undefined);
    if (this.#hasEnded) return;
    const totals = this.#metrics.totals(this.#app.base);
    const { totals: last, loop, counts } = this.#before;
    const { commits, walBytes, databaseBytes } = measured?.store ?? {};
    const now = { commits: commits?.total, writes: commits?.writes, statements: this.#app.statements() };
    const count = totals.count - last.count;
    // Milliseconds within which this share of the requests since the last sample was answered: an upper bound.
    const within = (share: number) => {
      const at = totals.buckets.findIndex((all, index) => all - (last.buckets[index] ?? 0) >= share * count);
      return count === 0 ? Number.NaN : (totals.bounds[at] ?? Number.POSITIVE_INFINITY) * 1000;
    };
    const times = { p50: within(0.5), p95: within(0.95), p99: within(0.99) };
    const { rss, heapUsed } = process.memoryUsage();
    const sample: Sample = {
      at,
      requests: totals.count - last.count,
      errors: totals.errors - last.errors,
      refused: totals.refused - last.refused,
      ...times,
      loop_mean: (this.#delay?.mean ?? Number.NaN) / 1e6,
      loop_max: (this.#delay?.max ?? Number.NaN) / 1e6,
      utilization: performance.eventLoopUtilization(loop).utilization,
      memory: rss,
      heap: heapUsed,
      in_flight: this.#inFlight(),
      database_bytes: databaseBytes ?? Number.NaN,
      wal_bytes: walBytes ?? Number.NaN,
      commits: (now.commits ?? Number.NaN) - counts.commits,
      committed_writes: (now.writes ?? Number.NaN) - counts.writes,
      statements: now.statements - counts.statements,
      jobs_queued: measured?.jobs.queued ?? Number.NaN,
      jobs_running: measured?.jobs.running ?? Number.NaN,
      ready: this.#app.health().ready ? 1 : 0,
    };
    this.#delay?.reset();
    this.#before = {
      totals,
      loop: performance.eventLoopUtilization(),
      counts: { ...now, commits: now.commits ?? counts.commits, writes: now.writes ?? counts.writes },
    };
    await this.#keep(sample);
    // A database that is away is asked again with the next sample.
    await this.#app.shared?.publish(this.#head(), sample).catch(() => {});
  }

  /** The samples of all processes since an instant, in milliseconds, by process, each in order. */
  async read(since: number): Promise<ProcessHistory[]> {
    const files = this.#files();
    const own = { head: this.#head(), samples: this.#kept };
    const here = files.length > 0 ? files.flatMap((file) => readHistory(file) ?? []) : [own];
    const known = new Set(here.map(({ head }) => nameOf(head)));
    const others = (await this.#app.shared?.read(since).catch(() => undefined)) ?? [];
    const all = [...here, ...others.filter(({ head }) => !known.has(nameOf(head)))];
    return all.map(({ head: { ended_at, ...head }, samples }) => {
      const last = samples.reduce<Sample | null>(
        (last, one) => (last && last.at > one.at ? last : one),
        null,
      );
      const running = ended_at === undefined && last !== null && Date.now() - last.at < GONE_AFTER_MS;
      const seen_at = last && new Date(last.at).toISOString();
      return {
        process: { ...head, seen_at, running, ready: running ? last.ready === 1 : null, last },
        samples: samples.filter(({ at }) => at >= since).toSorted((a, b) => a.at - b.at),
      };
    });
  }

  /** The processes that serve the app or work for it, on this data folder and on its database, of the last day. */
  async processes(): Promise<ProcessView[]> {
    const all = (await this.read(Date.now() - INTERVAL_MS * SAMPLES)).map(({ process: of }) => of);
    const [me, ready] = [nameOf(this.#head()), this.#app.health().ready];
    const own = all.find((of) => nameOf(of) === me);
    // This one is there, whatever it has written so far.
    const now = { ...this.#head(), last: own?.last ?? null, seen_at: new Date().toISOString() };
    return [{ ...now, running: true, ready }, ...all.filter((of) => of !== own)];
  }

  /** This process, by a name that no other has. */
  get name(): string {
    return nameOf(this.#head());
  }

  #head(): ProcessHead {
    return {
      pid: process.pid,
      host: hostname(),
      started_at: this.#startedAt,
      node: process.versions.node,
      url: this.#url,
      roles: this.#roles,
    };
  }

  async #keep(sample: Sample): Promise<void> {
    try {
      this.#file ??= this.#open();
    } catch {
      // A folder that cannot be written costs the history its file, and nothing else.
    }
    if (this.#file === undefined) {
      this.#kept.push(sample);
      if (this.#kept.length > SAMPLES) this.#kept.shift();
      return;
    }
    const bytes = Buffer.from(new Float64Array(MEASURES.map((name) => sample[name])).buffer);
    const place = HEAD_LENGTH + (Math.floor(sample.at / INTERVAL_MS) % SAMPLES) * SAMPLE_LENGTH;
    const file = this.#file;
    await new Promise<void>((resolve) => write(file, bytes, 0, bytes.length, place, () => resolve()));
  }

  /** Opens the file of this process, and removes those that are no more use. */
  #open(): number | undefined {
    if (this.#folder === undefined) return undefined;
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const dated = this.#files().map((path) => ({ path, changed: statSync(path).mtimeMs }));
    const old = Date.now() - INTERVAL_MS * SAMPLES;
    const byAge = dated.toSorted((a, b) => b.changed - a.changed);
    for (const [at, { path, changed }] of byAge.entries())
      if (at >= MAX_FILES - 1 || changed < old) rmSync(path, { force: true });
    const path = join(this.#folder, `${this.#app.name}.${process.pid}.samples`);
    const file = openSync(path, isThere(path) ? 'r+' : 'w+', 0o600);
    writeHead(file, this.#head());
    return file;
  }

  #files(): string[] {
    const { name } = this.#app;
    const folder = this.#folder;
    if (folder === undefined || !isThere(folder)) return [];
    const own = readdirSync(folder).filter(
      (file) => file.startsWith(`${name}.`) && file.endsWith('.samples'),
    );
    return own.map((file) => join(folder, file));
  }
}

interface Counts {
  readonly commits: number;
  readonly writes: number;
  readonly statements: number;
}

function writeHead(file: number, head: ProcessHead): void {
  const text = JSON.stringify({ ...head, measures: MEASURES.length });
  writeSync(file, Buffer.from(text.padEnd(HEAD_LENGTH)), 0, HEAD_LENGTH, 0);
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** A name that no two processes have. */
export function nameOf({ host, pid, started_at }: Pick<ProcessHead, 'host' | 'pid' | 'started_at'>): string {
  return `${host} ${pid} ${started_at}`;
}

/** The history in a file; undefined where it is none: another process may be about to write it, or has removed it. */
function readHistory(path: string): { readonly head: ProcessHead; readonly samples: Sample[] } | undefined {
  try {
    const bytes = readFileSync(path);
    const { measures, ...head } = JSON.parse(bytes.toString('utf8', 0, HEAD_LENGTH));
    // Written by a version with other measures.
    if (measures !== MEASURES.length) return undefined;
    const samples: Sample[] = [];
    for (let at = HEAD_LENGTH; at + SAMPLE_LENGTH <= bytes.length; at += SAMPLE_LENGTH) {
      const entries = MEASURES.map((name, index) => [name, bytes.readDoubleLE(at + index * 8)] as const);
      // Every measure is a member.
      const sample = Object.fromEntries(entries) as Sample;
      if (sample.at > 0) samples.push(sample);
    }
    return { head, samples };
  } catch {
    return undefined;
  }
}
