import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** Cores of the servers and of the load generator. Without `taskset` or a second core nothing is pinned. */
export type Cores = 'server' | 'load' | 'any';

const LISTS: Readonly<Record<Cores, string>> = {
  server: '0',
  load: '1',
  any: `0-${availableParallelism() - 1}`,
};
const canPin = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0;

/** A command that runs on its cores alone. */
export function pinned(cores: Cores, command: readonly string[]): [string, ...string[]] {
  const [program = '', ...rest] = command;
  if (!canPin) return [program, ...rest];
  return ['taskset', '-c', LISTS[cores], program, ...rest];
}

/** Puts this process, and so the database that it starts, on some cores. */
export function pinThisProcess(cores: Cores): void {
  if (canPin) spawnSync('taskset', ['-a', '-c', '-p', LISTS[cores], String(process.pid)]);
}

export interface ServerProcess {
  readonly url: string;
  /** Milliseconds from the start of the process to its first answer. */
  readonly startMs: number;
  /** Megabytes it had at that moment. */
  readonly startMemory: number;
  /** Megabytes of memory that the process and its children have. */
  memory(): number;
  /** Seconds of processor time they have used so far. */
  processorTime(): number;
  stop(): Promise<void>;
}

interface Start {
  command: readonly string[];
  cores: Cores;
  port: number;
  /** A path that answers 200 once the server is ready. */
  probe: string;
  log: string;
  folder?: string;
  env?: Readonly<Record<string, string>>;
}

const START_TIMEOUT_MS = 60_000;

/** Starts a server and waits for its first answer. */
export async function startProcess(start: Start): Promise<ServerProcess> {
  mkdirSync(dirname(start.log), { recursive: true });
  const log = openSync(start.log, 'w');
  const [program, ...args] = pinned(start.cores, start.command);
  const began = performance.now();
  const child = spawn(program, args, {
    cwd: start.folder,
    env: {
      ...process.env,
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      PORT: String(start.port),
      ...start.env,
    },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const url = `http://127.0.0.1:${start.port}`;
  await firstAnswer(`${url}${start.probe}`, child, start.log);
  const startMs = performance.now() - began;
  const { pid = 0 } = child;
  return {
    url,
    startMs,
    startMemory: memoryOf(pid),
    memory: () => memoryOf(pid),
    processorTime: () => processorTimeOf(pid),
    stop: () => stop(child),
  };
}

async function firstAnswer(url: string, child: ChildProcess, log: string): Promise<void> {
  const began = performance.now();
  while (performance.now() - began < START_TIMEOUT_MS) {
    if (child.exitCode !== null) break;
    const response = await fetch(url).catch(() => undefined);
    await response?.arrayBuffer();
    if (response?.ok) return;
    await pause(5);
  }
  child.kill('SIGKILL');
  throw new Error(`no answer from ${url}; the server said:\n${readFileSync(log, 'utf8').slice(-2000)}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(late);
}

function memoryOf(pid: number): number {
  const kilobytes = familyOf(pid).map((each) => {
    const status = readText(`/proc/${each}/status`);
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
  });
  return Math.round(kilobytes.reduce((sum, each) => sum + each, 0) / 1024);
}

/** Linux counts in hundredths of a second (proc(5), utime and stime). */
function processorTimeOf(pid: number): number {
  const ticks = familyOf(pid).map((each) => {
    const fields = readText(`/proc/${each}/stat`)
      .replace(/^.*\) /s, '')
      .split(' ');
    return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  });
  return ticks.reduce((sum, each) => sum + each, 0) / 100;
}

/** A process and all that descend from it; on a system without /proc, none. */
function familyOf(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const entry of readFolder('/proc').filter((name) => /^\d+$/.test(name))) {
    const status = readText(`/proc/${entry}/status`);
    const parent = Number(/PPid:\s+(\d+)/.exec(status)?.[1] ?? 0);
    children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const family = [pid];
  for (const each of family) family.push(...(children.get(each) ?? []));
  return family;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function readFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
