import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase, startPostgres } from '../../packages/trestle/test/postgres-server.ts';

const MAIN = join(import.meta.dirname, '../../packages/trestle/src/cli/main.ts');

/** Server processes over one database, each on a port that it keeps across kills. */
export interface Cluster {
  readonly ports: readonly number[];
  /** Kills a process, as a crash would, and starts it again. */
  crash(at: number): Promise<void>;
  close(): Promise<void>;
}

/** Starts one process on SQLite, or several on PostgreSQL. */
export async function startCluster(processes: number): Promise<Cluster> {
  const data = mkdtempSync(join(tmpdir(), 'trestle-judged-'));
  const postgres = processes > 1 ? await startPostgres() : undefined;
  const database = postgres && (await createDatabase(postgres.url));
  const ports = await Promise.all(Array.from({ length: processes }, freePort));
  const children: ChildProcess[] = [];
  const start = async (at: number) => {
    const words = ['serve', join(import.meta.dirname), '--data', data, '--port', String(ports[at])];
    if (database) words.push('--database', database);
    const child = spawn(process.execPath, [MAIN, ...words], {
      env: {
        ...process.env,
        TRESTLE_ADMIN_SECRET: 'the-administrators-secret-of-a-bench',
        TRESTLE_LOG: join(data, 'log'),
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    children[at] = child;
    while (
      !(await fetch(`http://127.0.0.1:${ports[at]}/readyz`)
        .then(({ ok }) => ok)
        .catch(() => false))
    )
      if (child.exitCode !== null) throw new Error(`a server ended with ${child.exitCode}`);
  };
  for (const at of ports.keys()) await start(at);
  return {
    ports,
    async crash(at) {
      const child = children[at];
      child?.kill('SIGKILL');
      if (child) await once(child, 'exit');
      await start(at);
    },
    async close() {
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(children.map((child) => child.exitCode ?? once(child, 'exit')));
      await postgres?.stop();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
