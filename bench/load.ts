import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { autocannonProgram } from './load-autocannon.ts';
import { wrkScript, wrkSummary } from './load-wrk.ts';
import { type Cores, pinned } from './processes.ts';
import type { RequestTemplate } from './workload.ts';

/** What one run of the load generator found. Times are milliseconds. */
export interface LoadResult {
  readonly rps: number;
  readonly p50: number;
  readonly p99: number;
  /** Answers that were no success, and connections that failed. */
  readonly failures: number;
}

export interface Load {
  readonly url: string;
  readonly request: RequestTemplate;
  /** Ids from 1 to here are asked for. */
  readonly rows: number;
  readonly connections: number;
  readonly seconds: number;
  readonly cores: Cores;
}

const hasWrk = spawnSync('wrk', ['--version']).error === undefined;

/** wrk where it is installed, else autocannon from npm. */
export const generator = hasWrk ? 'wrk' : 'autocannon';

/** Keeps a server busy for some seconds. */
export async function runLoad(load: Load): Promise<LoadResult> {
  const folder = mkdtempSync(join(tmpdir(), 'trestle-load-'));
  try {
    const file = join(folder, 'load');
    writeFileSync(file, hasWrk ? wrkScript(load) : JSON.stringify(load));
    const output = await run(load.cores, hasWrk ? wrkCommand(file, load) : autocannonProgram(file));
    return hasWrk ? wrkSummary(output) : JSON.parse(output);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function wrkCommand(script: string, { url, connections, seconds }: Load): string[] {
  const size = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '--latency'];
  return ['wrk', ...size, '-s', script, url];
}

async function run(cores: Cores, command: readonly string[]): Promise<string> {
  const [program, ...words] = pinned(cores, command);
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${output}${errors}`);
  return output;
}
