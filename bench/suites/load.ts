import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { INSTALLED_FOLDER, installPeer } from '../servers/peers/install-peer.ts';
import { type Cores, pinned } from '../servers/processes.ts';
import { filledIn, type RequestTemplate } from './workload.ts';

/** Figures of one run of the load generator. Times are milliseconds. */
export interface LoadResult {
  readonly rps: number;
  readonly p50: number;
  readonly p99: number;
  /** Answers other than a success, and connections that failed. */
  readonly failures: number;
}

interface Load {
  readonly url: string;
  readonly request: RequestTemplate;
  /** Requests are for random ids from 1 to this number. */
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
  const [program, ...args] = pinned(cores, command);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${output}${errors}`);
  return output;
}

/** Many requests with a body, since an ORM skips an update that changes nothing. */
const WRK_REQUESTS = { withBody: 50_000, without: 10_000 } as const;

/** Runs so far: each sends numbers of its own, so that none writes what another has written. */
let runs = 0;

/** The Lua script that makes wrk send a template with random ids. */
function wrkScript({ request, rows }: Load): string {
  const { method, path, headers = {}, body } = request;
  const sent = body ? { 'content-type': 'application/json', ...headers } : headers;
  const lines = Object.entries(sent).map(([name, value]) => `wrk.headers[${lua(name)}] = ${lua(value)}`);
  runs += 1;
  return `${lines.join('\n')}
local first = ${runs * WRK_REQUESTS.withBody}
local path = ${lua(path)}
local body = ${body ? lua(JSON.stringify(body)) : 'nil'}
local requests = {}
math.randomseed(4242)
init = function()
  for n = 1, ${body ? WRK_REQUESTS.withBody : WRK_REQUESTS.without} do
    local id = tostring(math.random(${rows}))
    local fill = function(text) return (text:gsub("{id}", id):gsub("{n}", tostring(first + n))) end
    requests[n] = wrk.format(${lua(method)}, fill(path), nil, body and fill(body) or nil)
  end
end
local at = 0
request = function()
  at = at % #requests + 1
  return requests[at]
end
`;
}

/** An ASCII string in JSON is the same in Lua. */
function lua(text: string): string {
  return JSON.stringify(text);
}

/** Parses wrk's output. Throws where it has no rate. */
function wrkSummary(output: string): LoadResult {
  const found = (pattern: RegExp) => pattern.exec(output)?.[1] ?? '';
  const rps = Number(found(/Requests\/sec:\s+([\d.]+)/));
  if (!(rps > 0)) throw new Error(`wrk got no answer:\n${output}`);
  const sockets = found(/Socket errors: (.*)/).match(/\d+/g) ?? [];
  return {
    rps,
    p50: milliseconds(found(/^\s+50%\s+(\S+)/m)),
    p99: milliseconds(found(/^\s+99%\s+(\S+)/m)),
    failures:
      Number(found(/Non-2xx or 3xx responses: (\d+)/)) + sockets.reduce((sum, n) => sum + Number(n), 0),
  };
}

const UNITS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000 };

function milliseconds(text: string): number {
  const [, number, unit = ''] = /^([\d.]+)(\w+)$/.exec(text) ?? [];
  return Number((Number(number) * (UNITS[unit] ?? Number.NaN)).toFixed(3));
}

/** The command that runs a load described in a file; autocannon is installed when it is first needed. */
function autocannonProgram(file: string): string[] {
  installPeer('autocannon', ['autocannon@8']);
  return [process.execPath, '--no-warnings', import.meta.filename, file];
}

interface Summary {
  requests: { average: number };
  latency: { p50: number; p99: number };
  non2xx: number;
  errors: number;
}

/** Requests that are prepared: enough to make answers from a cache unlikely. */
const AUTOCANNON_REQUESTS = 5000;

async function runAutocannon({ url, request, rows, connections, seconds }: Load): Promise<LoadResult> {
  const load: unknown = createRequire(join(INSTALLED_FOLDER, 'autocannon', 'package.json'))('autocannon');
  const autocannon = load as (options: object) => Promise<Summary>;
  const requests = Array.from({ length: AUTOCANNON_REQUESTS }, (_, n) => {
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
  console.log(JSON.stringify(await runAutocannon(load)));
}
