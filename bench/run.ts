import { candidate, LIMIT, usual } from './candidates.ts';
import { measure, type Plan } from './measure.ts';
import { type Options, optionsFrom } from './options.ts';
import { pinThisProcess } from './processes.ts';
import { keepResults, writeReport } from './report.ts';
import { OPERATION_NAMES, type Operation } from './workload.ts';

const PAGES: readonly Operation[] = ['page-1', 'page-1000'];
const USUAL_ROWS = 10_000;

async function main(): Promise<void> {
  const options = optionsFrom(process.argv.slice(2));
  if (!options) return;
  pinThisProcess();
  for (const suite of options.suites) await runSuite(suite, options);
  if (!options.check) writeReport();
}

async function runSuite(suite: string, options: Options): Promise<void> {
  console.log(`\n${suite}, ${options.store}`);
  const plan = planOf(suite, options);
  const found = await measure(plan);
  if (!options.check) keepResults(suite, options, found);
}

function planOf(suite: string, options: Options): Plan {
  const { store, only, peers, runs, seconds, workers, check } = options;
  const names = [...(only ?? usual(store)), ...peers];
  const pages = suite === 'pages';
  const operations = OPERATION_NAMES.filter((name) => PAGES.includes(name) === pages);
  return {
    candidates: names
      .map(candidate)
      .filter((each) => !pages || (each.store === store && !each.name.includes('uncounted'))),
    limit: LIMIT[store],
    operations: options.operations ?? operations,
    rows: options.rows ?? (pages ? 100_000 : USUAL_ROWS),
    runs,
    seconds,
    workers,
    check,
  };
}

await main();
