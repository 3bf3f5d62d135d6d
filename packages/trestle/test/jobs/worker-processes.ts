import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openPostgres } from '../../src/database/postgres/open-postgres.ts';
import { openSqlite } from '../../src/database/sqlite/open-sqlite.ts';
import type { Store } from '../../src/database/store.ts';
import type { JobLimits } from '../../src/jobs/job-limits.ts';

/** As in production, but thirty times as quick. */
export const PROCESS_LIMITS: Partial<JobLimits> = { lease: 1, heartbeat: 0.33, concurrency: 8, perCaller: 8 };

/** The store of an app that several processes share: a file, or a `postgres://` URL. */
export function openSharedStore(place: string): Promise<Store> | Store {
  if (place.startsWith('postgres')) return openPostgres(place, { schema: 'articles' });
  return openSqlite(place, { sharedReads: false });
}

/** A message of a worker process: an attempt of an operation that begins or ends there. */
export interface Said {
  event: 'begin' | 'end';
  operation: string;
  fence: number;
  /** Milliseconds since 1970. */
  at: number;
}

/** One process that runs operations. */
export interface WorkerProcess {
  readonly said: readonly Said[];
  readonly child: ChildProcess;
  /** Waits until it has said something that fits. */
  until(fits: (said: Said) => boolean): Promise<Said>;
  /** Waits until an attempt has begun there that has not ended. */
  untilBusy(): Promise<void>;
  kill(): Promise<void>;
  /** Lets it end what it can and close. */
  close(): Promise<void>;
}

/** Starts a worker process; each of its operations takes about so many milliseconds. */
export function startWorker(place: string, milliseconds: number): WorkerProcess {
  return startProcess('worker-process.ts', [place, String(milliseconds)]);
}

/** Starts a script of this folder that says what it does, and closes when its input ends. */
export function startProcess(script: string, args: readonly string[]): WorkerProcess {
  const child = spawn(process.execPath, [join(import.meta.dirname, script), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const said: Said[] = [];
  const busy = new Set<string>();
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    const one: Said = JSON.parse(line);
    said.push(one);
    if (one.event === 'begin') busy.add(one.operation);
    else busy.delete(one.operation);
  });
  return {
    said,
    child,
    async until(fits) {
      for (;;) {
        const found = said.find(fits);
        if (found) return found;
        await once(lines, 'line');
      }
    },
    async untilBusy() {
      while (busy.size === 0) await once(lines, 'line');
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    async close() {
      child.stdin.end();
      await exited;
    },
  };
}
