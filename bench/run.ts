import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { writeReport } from './report/report.ts';
import { forgetResults } from './report/results.ts';
import { SERVER_NAMES } from './servers/candidates.ts';
import { type Options, runSuite, SUITE_NAMES, SUITES, type Suite } from './suites/suites.ts';
import { OPERATION_NAMES, OPERATIONS, type Operation } from './suites/workload.ts';

const HELP = `npm run bench -- [suites…] [options]

Compares Trestle with a hand-written server of the same API, on this machine, in one interleaved run. Figures and
ratios are printed and kept in bench/results.json, from which bench/RESULTS.md is made.

Suites
${Object.entries(SUITES)
  .map(([name, description]) => `  ${name.padEnd(22)}${description}`)
  .join('\n')}
  ${'all'.padEnd(22)}all of these on both databases: some 35 minutes with --seconds 2, 50 with --peers

Options
  --store NAME          sqlite (default) or postgres
  --only A,B            these servers (default: the reference servers and Trestle)
  --baseline FOLDER     another checkout of Trestle, with its own node_modules, as further servers baseline-…; each
                        server of this checkout is also compared with the same one of that checkout
  --peers [A,B]         these too, or all of express-better-sqlite3, express-sequelize, feathers-knex, directus, payload,
                        in workload, pages and footprint: installed from npm into bench/installed (1.5 GB) when
                        first asked for, which takes some ten minutes
  --ops A,B             these operations: ${OPERATION_NAMES.join(', ')}
  --runs N              runs of each operation; the median counts (default: 3)
  --seconds N           of each run (default: 6)
  --rows N              rows to start with (default: the suite's own)
  --check               check the answers, time nothing
  --help

Operations
${Object.entries(OPERATIONS)
  .map(([name, description]) => `  ${name.padEnd(22)}${description}`)
  .join('\n')}
`;

interface CommandLine {
  readonly suites: readonly Suite[] | 'all';
  readonly options: Options;
}

/** Runs the suites of the command line one after another; the report is rewritten after each. */
async function main(): Promise<void> {
  const commandLine = readCommandLine(process.argv.slice(2));
  if (!commandLine) return;
  const began = performance.now();
  for (const { suite, options } of stepsOf(commandLine)) {
    // The largest size is measured separately, and stays.
    if (commandLine.suites === 'all' && suite !== 'sizes' && !options.check)
      forgetResults({ suite, ...options });
    await runSuite(suite, options);
    if (!options.check) writeReport();
    console.log(`${((performance.now() - began) / 60_000).toFixed(1)} minutes so far`);
  }
}

/** `all` is every suite on both databases. The peers keep their rows in SQLite. */
function stepsOf({ suites, options }: CommandLine): { suite: Suite; options: Options }[] {
  if (suites !== 'all') return suites.map((suite) => ({ suite, options }));
  return (['sqlite', 'postgres'] as const).flatMap((store) =>
    SUITE_NAMES.map((suite) => ({
      suite,
      options: { ...options, store, peers: store === 'sqlite' ? options.peers : [] },
    })),
  );
}

/** The suites and options of a command line; undefined where it asked for help or cannot be run, which is printed. */
function readCommandLine(args: readonly string[]): CommandLine | undefined {
  try {
    return parseCommandLine(args);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}; see npm run bench -- --help`);
    process.exitCode = 2;
    return undefined;
  }
}

/** Throws where the command line names what there is not; undefined where it asked for help, which is printed. */
function parseCommandLine(args: readonly string[]): CommandLine | undefined {
  const { values, positionals } = parseArgs({
    args: withPeerNames(args),
    allowPositionals: true,
    options: {
      store: { type: 'string', default: 'sqlite' },
      only: { type: 'string' },
      baseline: { type: 'string' },
      peers: { type: 'string' },
      ops: { type: 'string' },
      runs: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '6' },
      rows: { type: 'string' },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return undefined;
  }
  const options: Options = {
    store: values.store === 'postgres' ? 'postgres' : 'sqlite',
    only: serversOf(listed(values.only)),
    baseline: values.baseline === undefined ? undefined : checkoutFolder(values.baseline),
    operations: operationsOf(listed(values.ops)),
    runs: positiveInteger('--runs', values.runs),
    seconds: positiveInteger('--seconds', values.seconds),
    rows: values.rows === undefined ? undefined : positiveInteger('--rows', values.rows),
    check: values.check,
    peers: listed(values.peers) ?? [],
  };
  return { suites: suitesOf(positionals), options };
}

/** `--peers` alone means all of them. */
function withPeerNames(args: readonly string[]): string[] {
  return args.flatMap((arg, at) => {
    const next = args[at + 1];
    return arg === '--peers' && (next === undefined || next.startsWith('-')) ? [arg, 'all'] : [arg];
  });
}

function suitesOf(names: readonly string[]): Suite[] | 'all' {
  if (names.includes('all')) return 'all';
  requireKnown('suite', names, SUITE_NAMES);
  return names.length > 0 ? SUITE_NAMES.filter((name) => names.includes(name)) : ['workload', 'pages'];
}

function serversOf(names: readonly string[] | undefined): readonly string[] | undefined {
  if (names) requireKnown('server', names, SERVER_NAMES);
  return names;
}

function operationsOf(names: readonly string[] | undefined): Operation[] | undefined {
  if (!names) return undefined;
  requireKnown('operation', names, OPERATION_NAMES);
  return OPERATION_NAMES.filter((name) => names.includes(name));
}

function checkoutFolder(path: string): string {
  const folder = resolve(path);
  if (existsSync(join(folder, 'packages/trestle')) && existsSync(join(folder, 'node_modules'))) return folder;
  throw new Error(`--baseline: expected a checkout of Trestle where npm ci was run, got ${folder}`);
}

function requireKnown(kind: string, names: readonly string[], known: readonly string[]): void {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new Error(`there is no ${kind} '${unknown}'; there are ${known.join(', ')}`);
}

function listed(text: string | undefined): string[] | undefined {
  return text?.split(',').filter((name) => name !== '');
}

function positiveInteger(option: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new Error(`${option}: expected an integer above 0, got '${text}'`);
}

await main();
