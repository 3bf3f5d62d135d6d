import { fork } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as globals from '../packages/trestle/test/global-setup.ts';
import { repositoryFiles } from './repository-files.ts';

/** Starts what several test files share, once: `globalSetup` and `globalTeardown`, as node:test has them. */
const GLOBAL_SETUP = 'packages/trestle/test/global-setup.ts';
const GROUP_PROCESS = 'scripts/test-group.ts';
/** A process in which nothing has happened for so long is ended. */
const SILENCE_MS = 160_000;
/** So long after its last test a process is ended that left a socket, a timer or a database open. */
const END_MS = 20_000;

export interface TestResult {
  passed: number;
  failed: number;
  /** `name: reason` of each test that did not run. */
  skipped: string[];
  /** Reports of the failed tests, in order. */
  failures: string[];
  /** Seconds each file took; of files that share a process, its share. */
  files: { file: string; seconds: number }[];
  /** Processes, that which used most processor time first. */
  groups: Group[];
}

/** Files that shared a process. */
export interface Group {
  files: readonly string[];
  seconds: number;
  /** Seconds of a processor that the process used, with those it started and waited for. */
  cpuSeconds: number;
}

export const NO_RESULT: Readonly<TestResult> = {
  passed: 0,
  failed: 0,
  skipped: [],
  failures: [],
  files: [],
  groups: [],
};

/** Paths of the test files whose path contains one of the filters; all where there is none. */
export function testFiles(root: string, filters: readonly string[]): string[] {
  const all = repositoryFiles(root, '{packages,apps,examples}/**/*.test.ts');
  return filters.length === 0 ? all : all.filter((file) => filters.some((filter) => file.includes(filter)));
}

/** Compiled code of the engine, for the test files and for the processes that they start: at first what the install compiled. */
const COMPILE_CACHE = 'node_modules/.cache/trestle-tests';
const COMPILED_BY_INSTALL = 'node_modules/.cache/trestle';
/** Files with a process of their own: long ones, which start first, and ones about processes, browsers and faults. */
const ALONE =
  /create-trestle|packages\/admin|installed|processes|conformance|workers|slow-readers|cli\/|durability\/|faults|transfer\/|samples|\/pages\.test|tours|timing|huge-answers|clinic|conduit/;
/**
 * Files that take browsers through screens, build, install and start packages, run the commands of the documents, or kill
 * processes again and again: minutes that `npm test` leaves to .ci/run (`--all`), so that it can be run while one works.
 */
const BROWSERS =
  /test\/(?:admin\/)?browser\.|admin\/test\/(?:backups|clicks|examples|focus|rows?|screens|server|shell|speed|system)\.|http-routes\/(?:changelog-page|first-pages|pages|samples)\./;
const PACKAGES = /package\/(?:installed|executable)|create-trestle|conduit\/collection|repo\/tours/;
const KILLS =
  /durability\/(?:kill|counted|idempotent-kill)\.|jobs\/(?:processes|webhooks\/kill)\.|workers\/workers\.|regression\/(?:killed-backup|slow-readers|workers-administrator-secret)\.|migrations\/processes\.|postgres\/faults\.|transfer\/backup\.|test\/admin\/backups|clinic\/test\/reminders/;

/** Whether `npm test` leaves a file to .ci/run. */
export function isLong(file: string): boolean {
  return [BROWSERS, PACKAGES, KILLS].some((long) => long.test(file));
}

/** Files that share a process: starting one and loading the engine takes as long as an average file's own tests. */
const MAX_GROUP_FILES = 20;
/** Seconds that the files of a group take together, so that none is left running alone at the end. */
const MAX_GROUP_SECONDS = 30;
/** Seconds that each file took in the last runs. */
const TIMES = 'node_modules/.cache/trestle-test-times.json';
/** A file system in memory, as Linux has it. */
const MEMORY = '/dev/shm';
const MIN_MEMORY_BYTES = 2 * 1024 ** 3;

/** Runs test files: long ones each in its own process, the others in groups. */
export async function runTests(
  root: string,
  files: readonly string[],
  concurrency = 2 * availableParallelism(),
): Promise<TestResult> {
  const folder = temporaryFolder();
  const cache = join(root, COMPILE_CACHE);
  const compiled = join(root, COMPILED_BY_INSTALL);
  if (existsSync(compiled) && !existsSync(cache)) cpSync(compiled, cache, { recursive: true });
  process.env.NODE_COMPILE_CACHE ??= cache;
  const times = readTimes(root);
  const setup = join(root, GLOBAL_SETUP);
  const shared: typeof globals | undefined =
    files.length > 1 && existsSync(setup) ? await import(pathToFileURL(setup).href) : undefined;
  await shared?.globalSetup();
  const total = structuredClone(NO_RESULT);
  try {
    const waiting = groupsOf(files, times);
    // Most tests wait for disks and sockets: on 2 cores, four processes at a time take two thirds of the time of two.
    const runNext = async (): Promise<void> => {
      for (let group = waiting.shift(); group; group = waiting.shift())
        addResult(total, await runGroup(root, group));
    };
    await Promise.all(Array.from({ length: concurrency }, runNext));
  } finally {
    await shared?.globalTeardown();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
  total.groups.sort((a, b) => b.cpuSeconds - a.cpuSeconds);
  const taken = Object.fromEntries(total.files.map(({ file, seconds }) => [file, seconds]));
  writeTimes(root, { ...times, ...taken });
  return total;
}

/** Files by the process that runs them, the longest first; a new file may be long. */
function groupsOf(files: readonly string[], times: Readonly<Record<string, number>>): string[][] {
  const secondsOf = (file: string) => times[file] ?? (ALONE.test(file) ? 40 : 3);
  const groups: { seconds: number; files: string[] }[] = [];
  let open: (typeof groups)[number] | undefined;
  for (const file of files) {
    const seconds = secondsOf(file);
    if (ALONE.test(file) || seconds > MAX_GROUP_SECONDS) {
      groups.push({ seconds, files: [file] });
      continue;
    }
    if (!open || open.files.length === MAX_GROUP_FILES || open.seconds + seconds > MAX_GROUP_SECONDS) {
      open = { seconds: 0, files: [] };
      groups.push(open);
    }
    open.files.push(file);
    open.seconds += seconds;
  }
  return groups.toSorted((a, b) => b.seconds - a.seconds).map((group) => group.files);
}

/** Runs a group in a process of its own, and ends that where it stays silent. */
function runGroup(root: string, files: readonly string[]): Promise<TestResult> {
  const { promise, resolve } = Promise.withResolvers<TestResult>();
  const child = fork(join(root, GROUP_PROCESS), files, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let printed = '';
  let result: TestResult | undefined;
  let watch = setTimeout(() => child.kill('SIGKILL'), SILENCE_MS);
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part) => (printed += part));
  // A hook has no time limit: what came before it says where the process waits.
  let last = 'its start';
  child.on('message', (message: TestResult | string) => {
    if (typeof message === 'string') {
      last = message;
      watch.refresh();
    } else {
      result = message;
      clearTimeout(watch);
      watch = setTimeout(() => child.kill('SIGKILL'), END_MS);
    }
  });
  child.on('close', (code, signal) => {
    clearTimeout(watch);
    if (result && code === 0) {
      if (result.failed > 0 && printed !== '')
        result.failures.push(`${files.join(', ')} printed\n${indented(printed)}`);
      return resolve(result);
    }
    const idle = result
      ? `still open ${END_MS / 1000} s after its tests`
      : `silent for ${SILENCE_MS / 1000} s after ${last}`;
    const how = signal === 'SIGKILL' ? idle : `exit code ${code ?? signal}`;
    const failure = `${files.join('\n')}\n${indented(`${how}\n${printed}`)}`;
    const ended = result ?? NO_RESULT;
    resolve({ ...ended, failed: ended.failed + 1, failures: [...ended.failures, failure] });
  });
  return promise;
}

function addResult(
  total: TestResult,
  { passed, failed, skipped, failures, files, groups }: TestResult,
): void {
  total.groups.push(...groups);
  total.passed += passed;
  total.failed += failed;
  total.skipped.push(...skipped);
  total.failures.push(...failures);
  total.files.push(...files);
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

export function indented(text: string): string {
  return text.trimEnd().replaceAll(/^/gm, '    ');
}
