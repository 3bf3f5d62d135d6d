import { type Options, optionsFrom } from './options.ts';
import { writeReport } from './report.ts';
import { forgetResults } from './results.ts';
import { SUITE_NAMES, type Suite } from './suite-names.ts';
import { runSuite } from './suites.ts';

interface Step {
  readonly suite: Suite;
  readonly options: Options;
}

/** Runs the suites that the command line asks for, one after another; the report is made anew after each. */
async function main(): Promise<void> {
  const asked = optionsFrom(process.argv.slice(2));
  if (!asked) return;
  const began = performance.now();
  for (const { suite, options } of stepsOf(asked)) {
    // The largest size is measured apart from the rest, and stays.
    if (asked.suites === 'all' && suite !== 'sizes' && !options.check) forgetResults({ suite, ...options });
    await runSuite(suite, options);
    if (!options.check) writeReport();
    console.log(`${minutesSince(began)} minutes so far`);
  }
}

/** `all` is every suite on both stores. The peers have their rows in SQLite. */
function stepsOf(options: Options): Step[] {
  if (options.suites !== 'all') return options.suites.map((suite) => ({ suite, options }));
  return (['sqlite', 'postgres'] as const).flatMap((store) =>
    SUITE_NAMES.map((suite) => {
      const peers = store === 'sqlite' ? options.peers : [];
      return { suite, options: { ...options, store, peers } };
    }),
  );
}

function minutesSince(began: number): string {
  return ((performance.now() - began) / 60_000).toFixed(1);
}

await main();
