/** Runs the test files that are its arguments in this one process, and sends their `TestResult` to its parent. */
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type EventData, run } from 'node:test';
import { inspect } from 'node:util';
import { indented, NO_RESULT, type TestResult } from './run-tests.ts';

/** One test that takes longer waits for what never comes. */
const TEST_TIMEOUT_MS = 150_000;

/** An error may hold a connection or a server, which print at great length. */
const MAX_REASON_LENGTH = 20_000;

const root = process.cwd();
const files = process.argv.slice(2);
const result: TestResult = structuredClone(NO_RESULT);
const started = performance.now();

const stream = run({
  cwd: root,
  files: files.map((file) => join(root, file)),
  isolation: 'none',
  timeout: TEST_TIMEOUT_MS,
});
for await (const { type, data } of stream) {
  process.send?.('name' in data ? `${type} of '${data.name}'` : type);
  if (type === 'test:pass') addSkipped(data);
  else if (type === 'test:fail') addFailure(data);
  else if (type === 'test:summary') {
    result.passed = data.counts.passed;
    if (!data.success && result.failed === 0) result.failed = 1;
  }
}
// Node ends a process whose files wait at their top for what nothing resolves, before their first test and without an error.
if (result.passed + result.failed + result.skipped.length === 0) {
  result.failed = 1;
  result.failures.push(`no test ran: a file's top-level await never ended\n${indented(files.join('\n'))}`);
}
// Suites that a helper declares do not say whose they are: each file counts as its share.
const seconds = (performance.now() - started) / 1000;
result.files = files.map((file) => ({ file, seconds: seconds / files.length }));
result.groups = [{ files, seconds, cpuSeconds: cpuSeconds() }];
// Once it is sent: to disconnect drops what still waits, which a long result does.
process.send?.(result, undefined, undefined, () => process.disconnect());

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6 + childSeconds();
}

/** Seconds of a processor that ended processes of this one used, in ticks of 10 ms; 0 where the system does not say. */
function childSeconds(): number {
  try {
    // proc(5): cutime and cstime are the 14th and 15th field after the name, which may hold spaces.
    const fields = readFileSync('/proc/self/stat', 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[13]) + Number(fields[14])) / 100;
  } catch {
    return 0;
  }
}

function addSkipped({ name, skip }: EventData.TestPass): void {
  if (skip !== undefined) result.skipped.push(typeof skip === 'string' ? `${name}: ${skip}` : name);
}

function addFailure(data: EventData.TestFail): void {
  const error = data.details.error;
  // A parent fails with its subtests; they are shown themselves.
  if ('failureType' in error && error.failureType === 'subtestsFailed') return;
  result.failed += 1;
  const place = data.file === undefined ? '' : ` (${relative(root, data.file)}:${data.line ?? 1})`;
  result.failures.push(
    `${data.name.replace(`${root}/`, '')}${place}\n${indented(reason(error.cause ?? error))}`,
  );
}

/** The error without the lines of Node's own code in its stack. */
function reason(error: unknown): string {
  // An assertion's message holds its values already.
  const known = error instanceof Error && 'code' in error && error.code === 'ERR_ASSERTION';
  const text = known ? (error.stack ?? error.message) : inspect(error, { depth: 4 });
  const told = text.replaceAll(
    /\n\s+at (?:.*node:internal.*|(?:new Promise|Array\.map) \(<anonymous>\))/g,
    '',
  );
  return told.length > MAX_REASON_LENGTH
    ? `${told.slice(0, MAX_REASON_LENGTH)}… (${told.length} characters)`
    : told;
}
