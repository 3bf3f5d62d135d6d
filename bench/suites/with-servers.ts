import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase, freePort, startPostgres } from '../../packages/trestle/test/postgres-server.ts';
import type { Candidate, RunningServer } from '../servers/candidate.ts';
import { type Cores, pinThisProcess } from '../servers/processes.ts';
import { checkAnswers } from './check-answers.ts';

export interface Started {
  readonly candidate: Candidate;
  readonly running: RunningServer;
  /** Cores of the load generator. */
  readonly loadCores: Cores;
}

interface ServersOptions {
  readonly candidates: readonly Candidate[];
  readonly rows: number;
  /** Whether servers have one core and the load another; otherwise both have all of them. */
  readonly pinned: boolean;
}

/** Starts every server, checks what it answers, runs a task with them, and stops them in any case. */
export function withServers<T>(
  options: ServersOptions,
  task: (started: readonly Started[]) => Promise<T>,
): Promise<T> {
  const { candidates, rows, pinned } = options;
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
      return await task(started);
    } finally {
      for (const { running } of started) await running.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

/** PostgreSQL's defaults except for memory: every commit is flushed before it is answered. */
const SETTINGS = { fsync: 'on', full_page_writes: 'on', autovacuum: 'on', shared_buffers: '256MB' };

/** Starts PostgreSQL where a server needs it, with a database for each. */
async function withDatabases<T>(
  candidates: readonly Candidate[],
  task: (databaseOf: (candidate: Candidate) => Promise<string | undefined>) => Promise<T>,
): Promise<T> {
  if (!candidates.some(({ store }) => store === 'postgres')) return task(async () => undefined);
  const server = await startPostgres(SETTINGS);
  try {
    return await task(async ({ store }) => (store === 'postgres' ? createDatabase(server.url) : undefined));
  } finally {
    await server.stop();
  }
}
