import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

const DAY_MS = 86_400_000;

/** Whether a process of this machine runs. One that was killed and that nobody has waited for does not (Linux: state Z). */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const state = `/proc/${pid}/stat`;
    return !existsSync(state) || !/\) Z /.test(readFileSync(state, 'utf8'));
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code !== 'ESRCH';
  }
}

/** This process, at the end of the names of files and folders that it has not finished. */
export function ownMark(): string {
  return `${hostname()}.${process.pid}`;
}

/** The name under which this process writes a file until that is whole; no backup has such a name. */
export function unfinishedName(path: string): string {
  return `${path}.${ownMark()}.part`;
}

/** Writes a value as a file of JSON, whole or not at all, for its owner alone. */
export function writeJsonFile(path: string, value: unknown): void {
  const unfinished = unfinishedName(path);
  writeFileSync(unfinished, `${JSON.stringify(value)}\n`, { mode: 0o600 });
  renameSync(unfinished, path);
}

/**
 * Removes from a folder what processes that were killed have left unfinished; of another machine, whose processes cannot be seen, what
 * nobody has written for a day.
 *
 * @param pattern finds the machine and the id of the process in a name.
 */
export function removeLeftovers(
  folder: string,
  pattern = /\.(?:db|json)\.(.+)\.(\d+)\.part(?:-\w+)?$/,
): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const [, host, pid] = pattern.exec(name) ?? [];
    if (host === undefined) continue;
    const path = join(folder, name);
    const changed = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    const isLeft = host === hostname() ? !isRunning(Number(pid)) : Date.now() - changed > DAY_MS;
    if (isLeft) rmSync(path, { recursive: true, force: true });
  }
}
