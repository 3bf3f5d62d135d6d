import { readFileSync } from 'node:fs';
import { join } from 'node:path/posix';
import { described, type Finding } from './finding.ts';
import { repositoryFiles } from './repository-files.ts';

/** A pause of a fixed length: a timer that is awaited, under any name. */
const PAUSE =
  /from 'node:timers\/promises'|new Promise(?:<\w+>)?\(\((\w+)\)\s*=>\s*setTimeout\(\s*\1\b|\b(?:sleep|pause|delay)\(\s*[\d(]/g;

/**
 * Files of the tests that may use a timer: the one place that asks again and again where nothing tells of a change, and
 * those that imitate something slow.
 */
const TIMERS: ReadonlySet<string> = new Set([
  'packages/trestle/test/until.ts',
  'packages/trestle/test/tcp-proxy.ts',
  'packages/trestle/test/jobs/worker-process.ts',
  // Examples of pauses.
  'packages/trestle/test/repo/waits.test.ts',
]);

/** Pauses of a fixed length in tests: too short under load, too long otherwise. A test waits for an event. */
export function checkWaits(root: string): Finding[] {
  const files = repositoryFiles(
    root,
    '{packages,apps,examples}/**/test/**/*.ts',
    '{packages,apps,examples}/**/*.test.ts',
  );
  return [...new Set(files)]
    .filter((file) => !TIMERS.has(file))
    .flatMap((file) => {
      const code = readFileSync(join(root, file), 'utf8');
      return [...code.matchAll(PAUSE)].map(({ index }) => ({
        file,
        line: code.slice(0, index).split('\n').length,
        message: 'a pause of a fixed length: wait for an event, or with until() for a condition',
      }));
    });
}

if (import.meta.main) {
  const findings = checkWaits(process.cwd());
  for (const finding of findings) console.log(described(finding));
  process.exitCode = findings.length === 0 ? 0 : 1;
}
