import type { Candidate } from './candidate.ts';
import { candidate, LIMIT, usual } from './candidates.ts';
import { measureFootprint } from './footprint.ts';
import { measure, type Plan } from './measure.ts';
import { measureMixed } from './mixed.ts';
import type { Options } from './options.ts';
import { peers } from './peers.ts';
import { keepResults } from './results.ts';
import type { Suite } from './suite-names.ts';
import { OPERATION_NAMES, type Operation } from './workload.ts';

/** Runs a suite on a store, and keeps what it finds. */
export async function runSuite(suite: Suite, options: Options): Promise<void> {
  console.log(`\n${suite}, ${options.store}`);
  await SUITES[suite](suite, options);
}

const SUITES: Readonly<Record<Suite, (suite: Suite, options: Options) => Promise<void>>> = {
  workload: (suite, options) =>
    time(
      suite,
      options,
      planOf(
        options,
        OPERATION_NAMES.filter((name) => !PAGES.includes(name)),
      ),
    ),
  pages: (suite, options) =>
    time(suite, options, { ...planOf(options, PAGES), rows: options.rows ?? 100_000 }),
  mixed: async (suite, options) => {
    const plan = planOf({ ...options, peers: [] }, OPERATION_NAMES);
    if (options.check) return time(suite, options, plan);
    keepResults({ suite, ...options }, await measureMixed(plan), (one) => one.candidate);
  },
  footprint: async (suite, options) => {
    const plan = planOf(options, OPERATION_NAMES);
    if (options.check) return time(suite, options, plan);
    keepResults({ suite, ...options }, await measureFootprint(plan), (one) => one.candidate);
  },
  workers: (suite, options) => {
    const plan = planOf({ ...options, only: options.only ?? limitAndUniform(options), peers: [] }, WORKED);
    const several = plan.candidates.filter(({ name }) => name.startsWith('trestle-un')).map(inTwoProcesses);
    return time(suite, options, { ...plan, candidates: [...plan.candidates, ...several], pinned: false });
  },
  sizes: async (suite, options) => {
    const plan = planOf({ ...options, only: options.only ?? limitAndUniform(options), peers: [] }, SIZED);
    const most = options.rows ?? 1_000_000;
    for (const rows of SIZES.filter((size) => size <= most))
      await time(suite, options, {
        ...plan,
        operations: plan.operations.filter((name) => name !== 'equal' || rows <= MOST_SCANNED),
        rows,
      });
  },
};

const PAGES: readonly Operation[] = ['page-1', 'page-1000'];
const WORKED: readonly Operation[] = ['read', 'list', 'create'];
const SIZES = [1000, 100_000, 1_000_000, 10_000_000];
const SIZED: readonly Operation[] = ['read', 'list', 'filtered', 'equal', 'page-1000', 'count', 'create'];

/** An equality without an index reads the whole table: of a million rows 32 connections would wait a second and more. */
const MOST_SCANNED = 100_000;

/** The hand-written server and Trestle's uniform API. */
function limitAndUniform({ store }: Options): string[] {
  return [LIMIT[store], `trestle-uniform-${store}`, `trestle-uncounted-${store}`];
}

/** Times operations, and keeps what each of them gave at once, so that a run that is broken off leaves what it has. */
function time(suite: Suite, options: Options, plan: Plan): Promise<void> {
  return measure(plan, (found) =>
    keepResults({ suite, ...options }, found, (one) => `${one.candidate} ${one.operation} ${one.rows}`),
  );
}

function planOf(options: Options, operations: readonly Operation[]): Plan {
  const { store, only, runs, seconds, check } = options;
  const asked = options.peers.includes('all') ? peers.map(({ name }) => name) : options.peers;
  return {
    candidates: [...(only ?? usual(store)), ...asked].map(candidate),
    limit: LIMIT[store],
    operations: options.operations ?? operations,
    rows: options.rows ?? 10_000,
    runs,
    seconds,
    pinned: true,
    check,
  };
}

function inTwoProcesses(one: Candidate): Candidate {
  return {
    ...one,
    name: `${one.name}-2`,
    line: `${one.line}-2`,
    title: `${one.title}, two processes`,
    start: (ground) => one.start({ ...ground, workers: 2 }),
  };
}
