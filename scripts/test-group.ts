/** Runs the test files that are its arguments in this one process, and sends their `TestResult` to its parent. */
import { join, relative } from 'node:path';
import { type EventData, run } from 'node:test';
import { inspect } from 'node:util';
import { indented, type TestResult } from './run-tests.ts';

/** One test that takes longer waits for what never comes. */
const TEST_TIMEOUT_MS = 150_000;

const root = process.cwd();
const files = process.argv.slice(2);
const result: TestResult = { passed: 0, failed: 0, skipped: [], failures: [], files: [] };
const started = performance.now();

const stream = run({
  cwd: root,
  files: files.map((file) => join(root, file)),
  isolation: 'none',
  timeout: TEST_TIMEOUT_MS,
});
for await (const { type, data } of stream) {
  process.send?.('alive');
  if (type === 'test:pass') addSkipped(data);
  else if (type === 'test:fail') addFailure(data);
  else if (type === 'test:summary') {
    result.passed = data.counts.passed;
    if (!data.success && result.failed === 0) result.failed = 1;
  }
}
// Suites that a helper declares do not say whose they are: each file counts as its share.
const share = (performance.now() - started) / 1000 / files.length;
result.files = files.map((file) => ({ file, seconds: share }));
process.send?.(result);
process.disconnect();

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
  return text.replaceAll(/\n\s+at (?:.*node:internal.*|(?:new Promise|Array\.map) \(<anonymous>\))/g, '');
}
