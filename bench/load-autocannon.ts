import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { installPeer, PEERS } from './install-peer.ts';
import type { Load, LoadResult } from './load.ts';
import { filledIn } from './workload.ts';

/** The command that runs a load described in a file; autocannon is installed when it is first needed. */
export function autocannonProgram(file: string): string[] {
  installPeer('autocannon', ['autocannon@8']);
  return [process.execPath, '--no-warnings', import.meta.filename, file];
}

interface Summary {
  requests: { average: number };
  latency: { p50: number; p99: number };
  non2xx: number;
  errors: number;
}

/** Texts prepared, as many as make an answer from a cache unlikely. */
const TEXTS = 5000;

async function run({ url, request, rows, connections, seconds }: Load): Promise<LoadResult> {
  const load: unknown = createRequire(join(PEERS, 'autocannon', 'package.json'))('autocannon');
  const autocannon = load as (options: object) => Promise<Summary>;
  const requests = Array.from({ length: TEXTS }, (_, n) => {
    const { body, headers, ...rest } = filledIn(request, 1 + Math.floor(Math.random() * rows), n);
    if (!body) return { ...rest, headers };
    return {
      ...rest,
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    };
  });
  const found = await autocannon({ url, connections, duration: seconds, requests });
  return {
    rps: found.requests.average,
    p50: found.latency.p50,
    p99: found.latency.p99,
    failures: found.non2xx + found.errors,
  };
}

if (import.meta.main) {
  const load: Load = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'));
  console.log(JSON.stringify(await run(load)));
}
