import { parseArgs } from 'node:util';
import { OPERATION_NAMES, OPERATIONS, type Operation } from './workload.ts';

export interface Options {
  suites: readonly Suite[];
  store: 'sqlite' | 'postgres';
  only: readonly string[] | undefined;
  operations: readonly Operation[] | undefined;
  runs: number;
  seconds: number;
  rows: number | undefined;
  workers: number;
  check: boolean;
  peers: readonly string[];
}

/** What can be measured. */
export const SUITES = {
  workload: 'every operation on 10,000 rows (the default, with pages)',
  pages: 'page 1 and page 1,000 of 100,000 rows',
  sizes: 'the same on 1,000, 100,000 and 1,000,000 rows, or up to --rows',
  mixed: 'how long reads take while writes come as fast as they can',
  footprint: 'start, memory, dependencies, size',
} as const;

export type Suite = keyof typeof SUITES;

const HELP = `npm run bench -- [suites…] [options]

Compares Trestle with a server written by hand for the same work, on this machine, in one interleaved run.
Figures and ratios are printed and kept in bench/results/; bench/RESULTS.md is made of them.

Suites
${Object.entries(SUITES)
  .map(([name, what]) => `  ${name.padEnd(22)}${what}`)
  .join('\n')}

Options
  --store NAME          sqlite (default) or postgres
  --only A,B            these servers (default: the ceiling, the limits, Trestle)
  --peers [A,B]         these products too, or all: installed from npm into bench/peers when first asked for
  --ops A,B             these operations: ${OPERATION_NAMES.join(', ')}
  --runs N              runs of each operation, of which the median counts (default: 3)
  --seconds N           of each run (default: 6)
  --rows N              rows to start with (default: the suite's own)
  --workers N           processes of Trestle; nothing is pinned with more than one (default: 1)
  --check               check the answers, time nothing
  --help

Operations
${Object.entries(OPERATIONS)
  .map(([name, what]) => `  ${name.padEnd(22)}${what}`)
  .join('\n')}
`;

/** What the command line asks for; undefined where it asked for help, which is printed. */
export function optionsFrom(words: readonly string[]): Options | undefined {
  const { values, positionals } = parseArgs({
    args: withPeerNames(words),
    allowPositionals: true,
    options: {
      store: { type: 'string', default: 'sqlite' },
      only: { type: 'string' },
      peers: { type: 'string' },
      ops: { type: 'string' },
      runs: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '6' },
      rows: { type: 'string' },
      workers: { type: 'string', default: '1' },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return undefined;
  }
  return {
    suites: suitesOf(positionals),
    store: values.store === 'postgres' ? 'postgres' : 'sqlite',
    only: listed(values.only),
    operations: operationsOf(listed(values.ops)),
    runs: count('--runs', values.runs),
    seconds: count('--seconds', values.seconds),
    rows: values.rows === undefined ? undefined : count('--rows', values.rows),
    workers: count('--workers', values.workers),
    check: values.check,
    peers: listed(values.peers) ?? [],
  };
}

const SUITE_NAMES = Object.keys(SUITES) as Suite[];

function suitesOf(names: readonly string[]): Suite[] {
  oneOf('suite', names, SUITE_NAMES);
  return names.length > 0 ? SUITE_NAMES.filter((name) => names.includes(name)) : ['workload', 'pages'];
}

/** `--peers` alone means all of them. */
function withPeerNames(words: readonly string[]): string[] {
  return words.flatMap((word, at) => {
    const next = words[at + 1];
    return word === '--peers' && (next === undefined || next.startsWith('-')) ? [word, 'all'] : [word];
  });
}

function operationsOf(names: readonly string[] | undefined): Operation[] | undefined {
  if (!names) return undefined;
  oneOf('operation', names, OPERATION_NAMES);
  return OPERATION_NAMES.filter((name) => names.includes(name));
}

function oneOf(what: string, names: readonly string[], known: readonly string[]): void {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new Error(`there is no ${what} '${unknown}'; there are ${known.join(', ')}`);
}

function listed(text: string | undefined): string[] | undefined {
  return text?.split(',').filter((name) => name !== '');
}

function count(option: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new Error(`${option}: expected a whole number above 0, got '${text}'`);
}
