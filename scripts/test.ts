import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkDialects } from './check-dialects.ts';
import { checkDocs } from './check-docs.ts';
import { checkImports } from './check-imports.ts';
import { checkLayout } from './check-layout.ts';
import { allCommands, checkReference } from './check-reference.ts';
import { checkWaits } from './check-waits.ts';
import { checkWords } from './check-words.ts';
import { described, type Finding } from './finding.ts';
import { isLong, runTests, testFiles } from './run-tests.ts';

const HELP = `npm test -- [options] [path…]

Runs every check of the repository: types, lint and format, import directions, dialects, layout, words,
documents, the reference's comments, tests.
With a path, only the test files whose path contains it, and no other check; npm run check -- APP checks the types of an app.

  --all              also the tests of browsers, packages, documents' commands and kills, which .ci/run runs (TRESTLE_TEST_FILES=all)
  --no-tests         the checks without the tests (npm run check)
  --concurrency <n>  test files at a time (default: twice the number of cores)
  --verbose          also what each process took: seconds, seconds of a processor, its test files
  --help             this text`;

interface Step {
  name: string;
  run: () => Promise<Outcome>;
}

/** The result of a step; `output` is printed where it failed. */
interface Outcome {
  passed: number;
  failed: number;
  skipped?: readonly string[];
  output?: string;
}

const root = process.cwd();
const { values: options, positionals: filters } = readOptions();
if (options.help) console.log(HELP);
else if (options['no-tests'] && filters.length > 0) await runSteps([typesOfApps()]);
else await runSteps([...(filters.length > 0 ? [] : checks()), ...(options['no-tests'] ? [] : [tests()])]);

function readOptions() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        'no-tests': { type: 'boolean' },
        all: { type: 'boolean' },
        concurrency: { type: 'string' },
        verbose: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${HELP}`);
    process.exit(1);
  }
}

function checks(): Step[] {
  // Those that take seconds run side by side, and each tsc with one checker: several make the types they share once each.
  const typesOf = (project: string) => command('tsc', ['-p', project, '--checkers', '1']);
  const types = typesOf('.');
  const uiTypes = typesOf('packages/admin');
  const pageTypes = typesOf('tsconfig.pages.json');
  const lint = command('biome', ['check', '--error-on-warnings', '--colors=off']);
  return [
    { name: 'import directions', run: async () => foundBy(checkImports(root)) },
    { name: 'dialects', run: async () => foundBy(checkDialects(root)) },
    { name: 'layout', run: async () => foundBy(checkLayout(root)) },
    { name: 'words', run: async () => foundBy(checkWords(root)) },
    { name: 'waits of tests', run: async () => foundBy(checkWaits(root)) },
    { name: 'documents', run: async () => foundBy(checkDocs(root)) },
    { name: 'reference', run: async () => foundBy(checkReference(root, await allCommands())) },
    { name: 'types', run: () => types },
    { name: 'types of the UI', run: () => uiTypes },
    { name: 'types of pages', run: () => pageTypes },
    { name: 'lint and format', run: () => lint },
  ];
}

/** The types of apps, by the settings of their own project: no rule of this repository. */
function typesOfApps(): Step {
  const run = () => command('node', ['packages/trestle/bin/trestle.js', 'check', '--types', ...filters]);
  return { name: 'types of apps', run };
}

function tests(): Step {
  return { name: 'tests', run: testOutcome };
}

async function testOutcome(): Promise<Outcome> {
  const found = testFiles(root, filters);
  const isWhole = options.all || process.env.TRESTLE_TEST_FILES === 'all' || filters.length > 0;
  const files = isWhole ? found : found.filter((file) => !isLong(file));
  const left = found.length - files.length;
  if (files.length === 0)
    return { passed: 0, failed: 1, output: `no test file's path contains '${filters.join("' or '")}'` };
  if (options.all) process.env.TRESTLE_TEST_FILES = 'all';
  const concurrency = options.concurrency === undefined ? undefined : Number(options.concurrency);
  const { passed, failed, skipped, failures, groups } = await runTests(root, files, concurrency);
  if (options.verbose)
    for (const { seconds, cpuSeconds, files } of groups)
      console.log(
        `${seconds.toFixed(1).padStart(7)} s ${cpuSeconds.toFixed(1).padStart(6)} s  ${files.join(' ')}`,
      );
  if (left > 0)
    skipped.push(
      `${left} files of browsers, packages and kills: .ci/run runs them, and npm test -- --all does`,
    );
  return { passed, failed, skipped, output: failures.join('\n\n') };
}

async function runSteps(steps: readonly Step[]): Promise<void> {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const { name, run } of steps) {
    const started = performance.now();
    const { passed, failed, skipped = [], output } = await run();
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${name.padEnd(20)}${failed === 0 ? 'ok' : 'FAILED'}  ${seconds} s`);
    if (failed > 0 && output) console.log(`\n${output}\n`);
    for (const reason of skipped) console.log(`  skipped: ${reason}`);
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped.length;
  }
  console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  process.exitCode = total.failed === 0 ? 0 : 1;
}

function foundBy(findings: readonly Finding[]): Outcome {
  const failed = findings.length > 0;
  return { passed: failed ? 0 : 1, failed: failed ? 1 : 0, output: findings.map(described).join('\n') };
}

/** Runs a program of node_modules/.bin; it passed where it ended with 0. */
function command(program: string, args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(join(root, 'node_modules/.bin', program), args, {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (output += part));
    child.on('error', (error) => resolve({ passed: 0, failed: 1, output: error.message }));
    child.on('close', (code) => resolve({ passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, output }));
  });
}
