import { keepResults } from '../report/results.ts';
import type { Candidate } from '../servers/candidate.ts';
import { candidatesNamed, defaultServers, REFERENCE } from '../servers/candidates.ts';
import { peers } from '../servers/peers/peers.ts';
import { measureBudgets } from './budgets.ts';
import { measureFootprint } from './footprint.ts';
import { measure, type Plan } from './measure.ts';
import { measureMixed } from './mixed.ts';
import { OPERATION_NAMES, type Operation } from './workload.ts';

/** Suites with their descriptions, in order. */
export const SUITES = {
  workload: 'every operation on 10,000 rows (the default, with pages)',
  pages: 'page 1 and page 1,000 of 100,000 rows',
  mixed: 'latency of reads during writes at the maximum rate',
  footprint: 'start, memory, installed size',
  workers: 'one process and two, nothing pinned',
  budgets:
    'lists under a membership rule and with computed fields, beside the same lists without (printed only)',
  sizes: 'the same on 1,000, 100,000 and 1,000,000 rows, or up to --rows (at most 10,000,000)',
} as const;

export type Suite = keyof typeof SUITES;

export const SUITE_NAMES = Object.keys(SUITES) as Suite[];

/** How a suite is run. */
export interface Options {
  readonly store: 'sqlite' | 'postgres';
  readonly only: readonly string[] | undefined;
  /** The folder of another checkout, whose servers are measured too. */
  readonly baseline: string | undefined;
  readonly operations: readonly Operation[] | undefined;
  readonly runs: number;
  readonly seconds: number;
  readonly rows: number | undefined;
  readonly check: boolean;
  readonly peers: readonly string[];
}

/** Runs a suite on a database and keeps its figures. */
export async function runSuite(suite: Suite, options: Options): Promise<void> {
  console.log(`\n${suite}, ${options.store}`);
  await RUN[suite](suite, options);
}

const RUN: Readonly<Record<Suite, (suite: Suite, options: Options) => Promise<void>>> = {
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
  budgets: (_suite, options) => measureBudgets(options),
  workers: (suite, options) => {
    const plan = planOf(
      { ...options, only: options.only ?? referenceAndUniform(options), peers: [] },
      WORKERS_OPERATIONS,
    );
    const several = plan.candidates.filter(({ name }) => name.startsWith('trestle-un')).map(inTwoProcesses);
    return time(suite, options, { ...plan, candidates: [...plan.candidates, ...several], pinned: false });
  },
  sizes: async (suite, options) => {
    const plan = planOf(
      { ...options, only: options.only ?? referenceAndUniform(options), peers: [] },
      SIZES_OPERATIONS,
    );
    const maxRows = options.rows ?? 1_000_000;
    for (const rows of SIZES.filter((size) => size <= maxRows))
      await time(suite, options, {
        ...plan,
        operations: plan.operations.filter((name) => name !== 'equal' || rows <= MAX_SCANNED_ROWS),
        rows,
      });
  },
};

const PAGES: readonly Operation[] = ['page-1', 'page-1000'];
const WORKERS_OPERATIONS: readonly Operation[] = ['read', 'list', 'create'];
const SIZES = [1000, 100_000, 1_000_000, 10_000_000];
const SIZES_OPERATIONS: readonly Operation[] = [
  'read',
  'list',
  'filtered',
  'equal',
  'page-1000',
  'count',
  'create',
];

/** An equality without an index reads the whole table: on a million rows 32 connections would wait over a second. */
const MAX_SCANNED_ROWS = 100_000;

/** The hand-written server and Trestle's uniform API. */
function referenceAndUniform({ store }: Options): string[] {
  return [REFERENCE[store], `trestle-uniform-${store}`, `trestle-uncounted-${store}`];
}

/** Times operations and keeps the figures of each at once, so that an interrupted run leaves what it measured. */
function time(suite: Suite, options: Options, plan: Plan): Promise<void> {
  return measure(plan, (found) =>
    keepResults({ suite, ...options }, found, (one) => `${one.candidate} ${one.operation} ${one.rows}`),
  );
}

function planOf(options: Options, operations: readonly Operation[]): Plan {
  const { store, only, runs, seconds, check } = options;
  const peerNames = options.peers.includes('all') ? peers.map(({ name }) => name) : options.peers;
  return {
    candidates: candidatesNamed([...(only ?? defaultServers(store)), ...peerNames], options.baseline),
    reference: REFERENCE[store],
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
    start: (start) => one.start({ ...start, workers: 2 }),
  };
}
