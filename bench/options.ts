import { parseArgs } from 'node:util';
import { SUITE_NAMES, SUITES, type Suite } from './suite-names.ts';
import { OPERATION_NAMES, OPERATIONS, type Operation } from './workload.ts';

export interface Options {
  suites: readonly Suite[] | 'all';
  store: 'sqlite' | 'postgres';
  only: readonly string[] | undefined;
  operations: readonly Operation[] | undefined;
  runs: number;
  seconds: number;
  rows: number | undefined;
  check: boolean;
  peers: readonly string[];
}

const HELP = `npm run bench -- [suites…] [options]

Compares Trestle with a server written by hand for the same work, on this machine, in one interleaved run.
Figures and ratios are printed and kept in bench/results/; bench/RESULTS.md is made of them.

Suites
${Object.entries(SUITES)
  .map(([name, what]) => `  ${name.padEnd(22)}${what}`)
  .join('\n')}
  ${'all'.padEnd(22)}all of these on both stores, anew: some 35 minutes with --seconds 2, 50 with --peers

Options
  --store NAME          sqlite (default) or postgres
  --only A,B            these servers (default: the ceiling, the limits, Trestle)
  --peers [A,B]         these too, or all of express-better-sqlite3, express-sequelize, feathers-knex, directus, payload,
                        strapi, in workload, pages and footprint: installed from npm into bench/peers (2 GB) when
                        first asked for, which takes some ten minutes
  --ops A,B             these operations: ${OPERATION_NAMES.join(', ')}
  --runs N              runs of each operation, of which the median counts (default: 3)
  --seconds N           of each run (default: 6)
  --rows N              rows to start with (default: the suite's own)
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
    check: values.check,
    peers: listed(values.peers) ?? [],
  };
}

function suitesOf(names: readonly string[]): Suite[] | 'all' {
  if (names.includes('all')) return 'all';
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
