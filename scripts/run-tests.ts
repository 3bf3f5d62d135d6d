import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { type EventData, run, type TestsStream } from 'node:test';
import { inspect } from 'node:util';
import { repositoryFiles } from './repository-files.ts';

/** Starts what several test files share, once: node:test's `globalSetup` and `globalTeardown`. */
const GLOBAL_SETUP = 'packages/trestle/test/global-setup.ts';
/** One test that takes longer waits for what never comes. */
const TEST_TIMEOUT_MS = 150_000;
/** When nothing has happened for so long, what still runs is ended: a file that left a socket, a timer or a database open. */
const SILENCE_MS = 120_000;

export interface TestResult {
  passed: number;
  failed: number;
  /** `name: reason` of each test that did not run. */
  skipped: string[];
  /** Reports of the failed tests, in order. */
  failures: string[];
  /** Seconds each file took, slowest first. */
  files: { file: string; seconds: number }[];
}

/** Paths of the test files whose path contains one of the filters; all where there is none. */
export function testFiles(root: string, filters: readonly string[]): string[] {
  const all = repositoryFiles(root, '{packages,apps,examples}/**/*.test.ts');
  return filters.length === 0 ? all : all.filter((file) => filters.some((filter) => file.includes(filter)));
}

/** Compiled code of the engine, for the test files and for the processes that they start. */
const COMPILE_CACHE = 'node_modules/.cache/trestle-tests';
/** Files that take longest, for a run that knows no times: they start first. */
const LONG =
  /create-trestle|installed|processes|conformance|workers\/|slow-readers|cli\/serve|durability\/|faults|transfer\/|samples/;
/** Seconds that each file took in the last runs. */
const TIMES = 'node_modules/.cache/trestle-test-times.json';
/** A file system in memory, as Linux has it. */
const MEMORY = '/dev/shm';
const MIN_MEMORY_BYTES = 2 * 1024 ** 3;

/** Runs test files, each in its own process. */
export async function runTests(
  root: string,
  files: readonly string[],
  concurrency?: number,
): Promise<TestResult> {
  const setup = join(root, GLOBAL_SETUP);
  const silence = new AbortController();
  const folder = temporaryFolder();
  process.env.NODE_COMPILE_CACHE ??= join(root, COMPILE_CACHE);
  const times = readTimes(root);
  // The longest first, so that none is left running alone at the end; a new file may be long.
  const secondsOf = (file: string) => times[file] ?? (LONG.test(file) ? 60 : 10);
  const ordered = files.toSorted((a, b) => secondsOf(b) - secondsOf(a));
  const stream = run({
    cwd: root,
    files: ordered.map((file) => join(root, file)),
    // Most tests wait for disks and sockets: on 2 cores, four files at a time take 2 minutes 17, two take 3 minutes 50.
    concurrency: concurrency ?? 2 * availableParallelism(),
    timeout: TEST_TIMEOUT_MS,
    signal: silence.signal,
    ...(files.length > 1 && existsSync(setup) && { globalSetupPath: setup }),
  });
  const watch = setTimeout(() => silence.abort(), SILENCE_MS);
  stream.on('data', () => watch.refresh());
  const result = await collected(root, stream);
  clearTimeout(watch);
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  writeTimes(root, {
    ...times,
    ...Object.fromEntries(result.files.map(({ file, seconds }) => [file, seconds])),
  });
  if (silence.signal.aborted) nameUnended(result, files);
  return result;
}

/**
 * Makes the folder for temporary files of the tests one in memory, where there is enough: databases that are flushed to a
 * disk make a run wait for it. Gives the folder, to be removed.
 */
function temporaryFolder(): string | undefined {
  const asked = process.env.TMPDIR;
  if (asked !== undefined || !existsSync(MEMORY)) return undefined;
  const { bavail, bsize } = statfsSync(MEMORY);
  if (bavail * bsize < MIN_MEMORY_BYTES) return undefined;
  const folder = mkdtempSync(join(MEMORY, 'trestle-tests-'));
  // PostgreSQL runs as another user where the tests run as root.
  chmodSync(folder, 0o755);
  process.env.TMPDIR = folder;
  return folder;
}

function readTimes(root: string): Record<string, number> {
  const path = join(root, TIMES);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
}

function writeTimes(root: string, times: Record<string, number>): void {
  mkdirSync(dirname(join(root, TIMES)), { recursive: true });
  writeFileSync(join(root, TIMES), JSON.stringify(times));
}

function nameUnended(result: TestResult, files: readonly string[]): void {
  const ended = new Set(result.files.map(({ file }) => file));
  const open = files.filter((file) => !ended.has(file));
  result.failed = Math.max(result.failed, 1);
  result.failures.push(
    `ended after ${SILENCE_MS / 1000} s without a sign of life:\n${indented(open.join('\n'))}`,
  );
}

async function collected(root: string, stream: TestsStream): Promise<TestResult> {
  const result: TestResult = { passed: 0, failed: 0, skipped: [], failures: [], files: [] };
  const printed = new Map<string, string>();
  const broken = new Set<string>();
  for await (const { type, data } of stream) {
    if (type === 'test:stderr' || type === 'test:stdout')
      printed.set(data.file, (printed.get(data.file) ?? '') + data.message);
    else if (type === 'test:pass') addSkipped(result, data);
    else if (type === 'test:fail') addFailure(result, root, data, broken);
    else if (type === 'test:summary') addSummary(result, root, data);
  }
  for (const [file, output] of printed)
    if (broken.has(file)) result.failures.push(`${relative(root, file)} printed\n${indented(output)}`);
  result.files.sort((a, b) => b.seconds - a.seconds);
  return result;
}

function addSkipped(result: TestResult, { name, skip }: EventData.TestPass): void {
  if (skip !== undefined) result.skipped.push(typeof skip === 'string' ? `${name}: ${skip}` : name);
}

function addFailure(result: TestResult, root: string, data: EventData.TestFail, broken: Set<string>): void {
  if (data.file !== undefined) broken.add(data.file);
  const error = data.details.error;
  // A parent fails with its subtests; they are shown themselves.
  if ('failureType' in error && error.failureType === 'subtestsFailed') return;
  result.failed += 1;
  const place = data.file === undefined ? '' : ` (${relative(root, data.file)}:${data.line ?? 1})`;
  result.failures.push(
    `${data.name.replace(`${root}/`, '')}${place}\n${indented(reason(error.cause ?? error))}`,
  );
}

function addSummary(result: TestResult, root: string, data: EventData.TestSummary): void {
  if (data.file !== undefined) {
    result.files.push({ file: relative(root, data.file), seconds: data.duration_ms / 1000 });
    return;
  }
  result.passed = data.counts.passed;
  if (!data.success && result.failed === 0) result.failed = 1;
}

/** The error without the lines of Node's own code in its stack. */
function reason(error: unknown): string {
  // An assertion's message holds its values already.
  const known = error instanceof Error && 'code' in error && error.code === 'ERR_ASSERTION';
  const text = known ? (error.stack ?? error.message) : inspect(error, { depth: 4 });
  return text.replaceAll(/\n\s+at (?:.*node:internal.*|(?:new Promise|Array\.map) \(<anonymous>\))/g, '');
}

function indented(text: string): string {
  return text.trimEnd().replaceAll(/^/gm, '    ');
}
