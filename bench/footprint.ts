import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { runLoad } from './load.ts';
import type { Plan } from './measure.ts';
import { median } from './numbers.ts';
import { withServers } from './with-servers.ts';

/** What a server costs before it does anything. */
export interface Footprint {
  readonly candidate: string;
  readonly title: string;
  /** Milliseconds from the start of the process to its first answer: the median of several. */
  readonly startMs: number;
  /** Megabytes a second after its answers were checked, and after a load of lists. */
  readonly idle: number;
  readonly loaded: number;
}

/** What is installed with the engine for production. */
export interface Installed {
  readonly packages: number;
  readonly megabytes: number;
}

const STARTS = 5;
const SETTLED = 1000;

/** Starts every server several times. */
export async function measureFootprint(plan: Plan): Promise<Footprint[]> {
  const found: Footprint[] = [];
  for (const candidate of plan.candidates) {
    const starts: number[] = [];
    let memory = { idle: 0, loaded: 0 };
    for (let start = 0; start < STARTS; start += 1)
      await withServers({ ...plan, candidates: [candidate] }, async ([started]) => {
        if (!started) return;
        starts.push(started.running.startMs);
        if (start === STARTS - 1) memory = await memoryOf(started.running, plan);
      });
    const { name, title } = candidate;
    const startMs = Math.round(median(starts));
    console.log(
      `${name.padEnd(28)}  start ${startMs} ms, idle ${memory.idle} MB, loaded ${memory.loaded} MB`,
    );
    found.push({ candidate: name, title, startMs, ...memory });
  }
  return found;
}

async function memoryOf(
  running: Parameters<Parameters<typeof withServers>[1]>[0][number]['running'],
  plan: Plan,
) {
  await pause(SETTLED);
  const idle = running.memory();
  const request = running.requests.list ?? running.requests.read;
  if (request)
    await runLoad({ url: running.url, request, rows: plan.rows, connections: 32, seconds: plan.seconds });
  return { idle, loaded: running.memory() };
}

/** Counts what `npm install trestle` brings: itself and all it depends on. */
export function installedWithTrestle(): Installed {
  const root = join(import.meta.dirname, '..');
  const words = ['ls', '--all', '--omit=dev', '--parseable', '--workspace', 'packages/trestle'];
  const { stdout } = spawnSync('npm', words, { cwd: root, encoding: 'utf8' });
  const folders = new Set(
    stdout.split('\n').filter((folder) => folder.includes('node_modules') && existsSync(folder)),
  );
  const bytes = [...folders].reduce((sum, folder) => sum + sizeOf(folder), 0);
  return { packages: folders.size, megabytes: Math.round(bytes / 1e6) };
}

/** Bytes of a package's own files: what it has installed inside itself is counted as packages of their own. */
function sizeOf(folder: string): number {
  const entries = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => name !== 'node_modules');
  return entries.reduce((sum, entry) => {
    const path = join(folder, entry.name);
    return sum + (entry.isDirectory() ? sizeOf(path) : lstatSync(path).size);
  }, 0);
}
