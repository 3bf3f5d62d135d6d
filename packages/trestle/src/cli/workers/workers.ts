import cluster, { type Worker } from 'node:cluster';
import { fstatSync } from 'node:fs';
import { isSea } from 'node:sea';
import { NEWER_DATABASE } from '../../database/migrations/refusals.ts';
import { LogFile } from '../../http/logging/logging-file.ts';
import type { RestoreRequest } from '../serving/served-backups.ts';
import { relayLines } from './worker-lines.ts';
import { isRestore, isUp, type StopSignal, type Up } from './worker-messages.ts';
import { MetricsCollector } from './worker-metrics.ts';

/** How long a worker must have run for its end to be no reason to wait before the next, in ms. */
const SETTLED = 10_000;
const MIN_PAUSE_MS = 200;
const MAX_PAUSE_MS = 30_000;

export interface WorkersOptions {
  readonly count: number;
  /** Told once, when all of them serve. */
  readonly up: (up: Up) => void;
  /** Told of ends and starts, for the log. */
  readonly log: (event: string, facts: Readonly<Record<string, unknown>>) => void;
  /** Called on SIGHUP, which is passed on to all workers; undefined where the log is no file, and SIGHUP ends the process. */
  readonly reopenLog?: (() => void) | undefined;
  /** Restores a backup, while no worker runs. Resolves in any case. */
  readonly restore: (request: RestoreRequest) => Promise<unknown>;
}

/**
 * Runs workers that share this process's address, and resolves with the exit code when the last of them has ended. The first
 * is started alone: it brings the database to the declared tables, and where it cannot start, that is the end. A worker that
 * ends later is replaced, at once if it had run for a while, else after a pause that doubles up to half a minute.
 * SIGTERM and SIGINT let all of them finish what they have begun; a second signal ends them at once.
 */
export function runWorkers(options: WorkersOptions): Promise<number> {
  return new Workers(options).run();
}

interface Slot {
  readonly number: number;
  worker: Worker | undefined;
  /** Whether this worker has served. */
  up: boolean;
  startedAt: number;
  /** Workers in a row that ended soon. */
  failures: number;
  timer: NodeJS.Timeout | undefined;
}

class Workers {
  readonly #options: WorkersOptions;
  readonly #slots: Slot[];
  readonly #ended = Promise.withResolvers<number>();
  readonly #output = new LogFile();
  readonly #metrics = new MetricsCollector();
  #announced = false;
  /** Told by the first worker: the one that makes up a secret, and a link of the first operator, where there is none. */
  #first: Up | undefined;
  #stopping: StopSignal | undefined;
  #exitCode = 0;
  /** Resolves when no worker runs any more; while it is there, none is started. */
  #paused: PromiseWithResolvers<void> | undefined;

  constructor(options: WorkersOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: options.count }, (_, at) => ({
      number: at + 1,
      worker: undefined,
      up: false,
      startedAt: 0,
      failures: 0,
      timer: undefined,
    }));
  }

  async run(): Promise<number> {
    // The kernel gives each connection to a worker. Were they handed on from here, those on their way to a worker that is
    // killed would stay open for ever, and nobody would answer them.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    // Lines of a pipe's writers mix where they are longer than its kernel buffer's page (POSIX, PIPE_BUF).
    const about = fstatSync(2);
    const silent = about.isFIFO() || about.isSocket();
    const [exec, ...args] = process.argv.slice(2);
    // An executable takes every word for its own command line, Node's options and the name of a script too.
    cluster.setupPrimary(isSea() ? { silent, exec: exec ?? 'serve', args, execArgv: [] } : { silent });
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => this.#stop(signal));
    if (this.#options.reopenLog)
      process.on('SIGHUP', () => {
        this.#options.reopenLog?.();
        for (const { worker, up } of this.#slots) if (up) worker?.process.kill('SIGHUP');
      });
    const [first] = this.#slots;
    if (first) this.#start(first);
    const code = await this.#ended.promise;
    await this.#output.flush();
    return code;
  }

  #start(slot: Slot): void {
    const worker = cluster.fork();
    Object.assign(slot, { worker, up: false, startedAt: performance.now(), timer: undefined });
    worker.on('message', (message: unknown) => {
      if (isRestore(message)) return void this.#restore(message.restore);
      const serving = () => this.#slots.flatMap(({ worker, up }) => (worker && up ? [worker] : []));
      if (relayLines(worker, message, serving())) return;
      if (!isUp(message)) return this.#metrics.heard(worker, slot.number, message, serving);
      slot.up = true;
      this.#first ??= message;
      for (const other of this.#slots) if (!other.worker && !other.timer) this.#start(other);
      this.#options.log('worker serves', { worker: slot.number, pid: worker.process.pid });
      if (this.#announced || !this.#slots.every((each) => each.up)) return;
      this.#announced = true;
      this.#options.up(this.#first);
    });
    worker.on('exit', (code, signal) => this.#gone(slot, code, signal));
    // What a worker writes, line by line, so that no two workers' lines are mixed.
    for (const stream of [worker.process.stdout, worker.process.stderr]) {
      let rest = '';
      stream?.setEncoding('utf8').on('data', (text: string) => {
        const end = text.lastIndexOf('\n') + 1;
        if (end > 0) this.#output.write(Buffer.from(rest + text.slice(0, end)));
        rest = end > 0 ? text.slice(end) : rest + text;
      });
      stream?.on('end', () => rest !== '' && this.#output.write(Buffer.from(rest)));
    }
  }

  #gone(slot: Slot, code: number | null, signal: string | null): void {
    const pid = slot.worker?.process.pid;
    const first = slot.number === 1 && !slot.up && !this.#slots.some((each) => each !== slot && each.worker);
    slot.worker = undefined;
    if (this.#stopping) {
      this.#exitCode ||= slot.up ? (code ?? 1) : 0;
      this.#endIfLast();
    } else if (this.#paused) {
      slot.up = false;
      this.#endIfLast();
    } else if (code === NEWER_DATABASE || (first && !this.#announced)) {
      this.#exitCode = code || 1;
      this.#stop('SIGTERM');
    } else {
      this.#options.log('worker ended', { worker: slot.number, pid, code, signal });
      const settled = slot.up && performance.now() - slot.startedAt > SETTLED;
      const pause = settled || slot.failures === 0 ? 0 : pauseAfter(slot.failures);
      slot.failures = settled ? 0 : slot.failures + 1;
      slot.up = false;
      slot.timer = setTimeout(() => this.#start(slot), pause);
    }
  }

  /** Stops all workers, restores a backup, and starts them again. A second request meanwhile is none: its worker is stopping. */
  async #restore(request: RestoreRequest): Promise<void> {
    if (this.#stopping || this.#paused) return;
    this.#paused = Promise.withResolvers<void>();
    this.#end('SIGINT');
    await this.#paused.promise;
    await this.#options.restore(request);
    this.#paused = undefined;
    const [first] = this.#slots;
    if (this.#stopping) this.#endIfLast();
    else if (first) this.#start(first);
  }

  #stop(signal: StopSignal): void {
    if (this.#stopping) {
      for (const { worker } of this.#slots) worker?.process.kill('SIGKILL');
      process.exit(signal === 'SIGINT' ? 130 : 143);
    }
    this.#stopping = signal;
    this.#end(signal);
  }

  /** Lets all workers finish what they have begun. */
  #end(signal: StopSignal): void {
    for (const slot of this.#slots) {
      const { worker, up, timer } = slot;
      clearTimeout(timer);
      slot.timer = undefined;
      // One that does not serve yet has nothing to finish, and does not listen yet either.
      if (up && worker?.isConnected()) worker.send({ stop: signal });
      else worker?.process.kill('SIGTERM');
    }
    this.#endIfLast();
  }

  #endIfLast(): void {
    if (this.#slots.some(({ worker }) => worker)) return;
    if (this.#paused) this.#paused.resolve();
    else if (this.#stopping) this.#ended.resolve(this.#exitCode);
  }
}

/** 200 ms, 400 ms, ... 30 s */
export function pauseAfter(failures: number): number {
  return Math.min(MAX_PAUSE_MS, MIN_PAUSE_MS * 2 ** (failures - 1));
}
