import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Candidate, Running } from './candidate.ts';
import { checkAnswers } from './check-answers.ts';
import { freePort } from './free-port.ts';
import { withDatabases } from './postgres.ts';
import { type Cores, pinThisProcess } from './processes.ts';

export interface Started {
  readonly candidate: Candidate;
  readonly running: Running;
  /** Where the load comes from. */
  readonly loadCores: Cores;
}

interface Wanted {
  readonly candidates: readonly Candidate[];
  readonly rows: number;
  /** Whether servers have one core and the load another; else both have all of them. */
  readonly pinned: boolean;
}

/** Starts every server, checks what it answers, gives them to `work`, and stops them whatever happens. */
export function withServers<T>(
  wanted: Wanted,
  work: (started: readonly Started[]) => Promise<T>,
): Promise<T> {
  const { candidates, rows, pinned } = wanted;
  const folder = mkdtempSync(join(tmpdir(), 'trestle-bench-'));
  const started: Started[] = [];
  pinThisProcess(pinned ? 'server' : 'any');
  return withDatabases(candidates, async (databaseOf) => {
    try {
      for (const candidate of candidates) {
        const running = await candidate.start({
          folder: mkdtempSync(join(folder, `${candidate.name}-`)),
          port: await freePort(),
          cores: pinned ? 'server' : 'any',
          rows,
          workers: 1,
          database: await databaseOf(candidate),
        });
        started.push({ candidate, running, loadCores: pinned ? 'load' : 'any' });
        await checkAnswers({ candidate, running, rows });
        console.log(
          `${candidate.name}: answers are right; first answer after ${Math.round(running.startMs)} ms`,
        );
      }
      return await work(started);
    } finally {
      for (const { running } of started) await running.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
