import { candidate, LIMIT, usual } from './candidates.ts';
import { measureFootprint } from './footprint.ts';
import { measure, type Plan } from './measure.ts';
import { measureMixed } from './mixed.ts';
import { type Options, optionsFrom, type Suite } from './options.ts';
import { peers } from './peers.ts';
import { pinThisProcess } from './processes.ts';
import { writeReport } from './report.ts';
import { keepResults } from './results.ts';
import { OPERATION_NAMES, type Operation } from './workload.ts';

/** Runs the suites that the command line asks for, one after another, and makes the report. */
async function main(): Promise<void> {
  const options = optionsFrom(process.argv.slice(2));
  if (!options) return;
  pinThisProcess();
  for (const suite of options.suites) {
    console.log(`\n${suite}, ${options.store}`);
    await SUITES[suite](suite, options);
  }
  if (!options.check) writeReport();
}

const SUITES: Readonly<Record<Suite, (suite: Suite, options: Options) => Promise<void>>> = {
  workload: timed(10_000, (name) => !PAGES.includes(name)),
  pages: timed(100_000, (name) => PAGES.includes(name)),
  sizes: async (suite, options) => {
    for (const rows of SIZES.filter((size) => size <= (options.rows ?? 1_000_000)))
      await timed(rows, (name) => SIZED.includes(name))(suite, { ...options, rows });
  },
  mixed: async (suite, options) => {
    const found = await measureMixed(planOf(options, 10_000, OPERATION_NAMES));
    if (!options.check) keepResults({ suite, ...options }, found, (one) => one.candidate);
  },
  footprint: async (suite, options) => {
    const found = await measureFootprint(planOf(options, 10_000, OPERATION_NAMES));
    if (!options.check) keepResults({ suite, ...options }, found, (one) => one.candidate);
  },
};

const PAGES: readonly Operation[] = ['page-1', 'page-1000'];
const SIZES = [1000, 100_000, 1_000_000, 10_000_000];
const SIZED: readonly Operation[] = [
  'read',
  'list',
  'filtered',
  'equal',
  'page-1000',
  'count',
  'patch',
  'create',
];

/** A suite that times operations. */
function timed(rows: number, fits: (operation: Operation) => boolean) {
  return async (suite: Suite, options: Options): Promise<void> => {
    const found = await measure(planOf(options, rows, OPERATION_NAMES.filter(fits)));
    const nameOf = (one: (typeof found)[number]) => `${one.candidate} ${one.operation} ${one.rows}`;
    if (!options.check) keepResults({ suite, ...options }, found, nameOf);
  };
}

function planOf(options: Options, rows: number, operations: readonly Operation[]): Plan {
  const { store, only, runs, seconds, workers, check } = options;
  const asked = options.peers.includes('all') ? peers.map(({ name }) => name) : options.peers;
  return {
    candidates: [...(only ?? usual(store)), ...asked].map(candidate),
    limit: LIMIT[store],
    operations: options.operations ?? operations,
    rows: options.rows ?? rows,
    runs,
    seconds,
    workers,
    check,
  };
}

await main();
