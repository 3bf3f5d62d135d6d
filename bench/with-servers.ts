import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Candidate, Running } from './candidate.ts';
import { checkAnswers } from './check-answers.ts';
import { withDatabases } from './postgres.ts';

export interface Started {
  readonly candidate: Candidate;
  readonly running: Running;
}

interface Wanted {
  readonly candidates: readonly Candidate[];
  readonly rows: number;
  readonly workers: number;
}

/** Starts every server, checks what it answers, gives them to `work`, and stops them whatever happens. */
export function withServers<T>(
  wanted: Wanted,
  work: (started: readonly Started[]) => Promise<T>,
): Promise<T> {
  const { candidates, rows, workers } = wanted;
  const folder = mkdtempSync(join(tmpdir(), 'trestle-bench-'));
  const started: Started[] = [];
  return withDatabases(candidates, async (databaseOf) => {
    try {
      for (const candidate of candidates) {
        const running = await candidate.start({
          folder: mkdtempSync(join(folder, `${candidate.name}-`)),
          port: await freePort(),
          cores: workers > 1 ? 'any' : 'server',
          rows,
          workers,
          database: await databaseOf(candidate),
        });
        started.push({ candidate, running });
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}
