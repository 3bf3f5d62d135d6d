import { sql } from '../src/database/sql.ts';
import { type Statement, statement } from '../src/database/statement.ts';
import type { Executor, Store, Value } from '../src/database/store.ts';

/** An instant as SQL. */
export const INSTANT = "'2026-01-01T00:00:00.000Z'";

/** Puts so many rows into a table, of SQL values in which `i` counts up from 1, and lets the planner know of them. */
export async function fill(
  store: Store,
  rows: number,
  table: string,
  values: Readonly<Record<string, string>>,
): Promise<void> {
  const columns = sql.join(Object.keys(values).map((name) => sql.ref(name)));
  const insert = sql`insert into ${sql.table(table)} (${columns})
    with recursive n(i) as (select 1 union all select i + 1 from n where i < ${sql.lit(rows)})
    select ${sql.raw(Object.values(values).join())} from n`;
  const { dialect } = store;
  // References are checked all at once afterwards, which is faster than row by row.
  await store.write(
    (transaction) =>
      dialect.withoutReferences(transaction, async () => {
        await transaction.all(statement(dialect, insert), []);
      }),
    { patient: true },
  );
  for (const query of dialect.analyze(table)) await store.all(statement(dialect, query), []);
}

export interface RecordedStatement {
  readonly query: Statement;
  readonly values: readonly Value[];
}

/** The verbs of a store, noting every statement that they run. */
function noting(store: Store, run: RecordedStatement[]) {
  const noted =
    <Rest extends unknown[], T>(call: (query: Statement, values: readonly Value[], ...rest: Rest) => T) =>
    (query: Statement, values: readonly Value[], ...rest: Rest): T => {
      run.push({ query, values });
      return call(query, values, ...rest);
    };
  const write = store.write.bind(store);
  const members: Partial<Store> = {
    all: noted(store.all.bind(store)),
    scan: noted(store.scan.bind(store)),
    writeOne: noted(store.writeOne.bind(store)),
    write: (work, options) =>
      write((executor: Executor) => work({ all: noted(executor.all.bind(executor)) }), options),
  };
  return members;
}

/** A store that notes every statement that runs in it. */
export function recorded(store: Store): { readonly store: Store; readonly run: RecordedStatement[] } {
  const run: RecordedStatement[] = [];
  const members = noting(store, run);
  const recording = new Proxy(store, {
    get(target, key) {
      const value: unknown = Reflect.get(members, key) ?? Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { store: recording, run };
}

/** Notes from now on every statement that runs in a store which something else has opened. */
export function recordIn(store: Store): RecordedStatement[] {
  const run: RecordedStatement[] = [];
  Object.assign(store, noting(store, run));
  return run;
}

/** Maximum rows that one of these queries may look at, of a table or a join. */
const MAX_LOOKED_AT = 2_000;

/** Of a scan that is planned, but not run: of a table with a few pages. */
const MAX_SCAN_COST = 50;

interface Node {
  readonly 'Node Type': string;
  readonly 'Plan Rows': number;
  readonly 'Total Cost': number;
  readonly 'Actual Rows'?: number;
  readonly 'Actual Loops'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Join Filter'?: number;
  readonly Plans?: readonly Node[];
}

/** The steps of a plan of PostgreSQL that look at more rows than they may; of one that was not run, whole scans too. */
function wideSteps(node: Node, max: number): string[] {
  const { 'Node Type': type, 'Plan Rows': planned, 'Total Cost': cost, Plans = [] } = node;
  const { 'Actual Rows': rows, 'Actual Loops': loops = 1 } = node;
  const removed = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Join Filter'] ?? 0);
  const lookedAt = rows === undefined ? planned : (rows + removed) * loops;
  const isWide = lookedAt > max || (rows === undefined && type === 'Seq Scan' && cost > MAX_SCAN_COST);
  return [...(isWide ? [`${type}: ${lookedAt}`] : []), ...Plans.flatMap((each) => wideSteps(each, max))];
}

/** The steps of a statement that look at too many rows, as each database explains it. What writes is not run once more. */
export async function scanned(
  store: Store,
  { query, values }: RecordedStatement,
  max = MAX_LOOKED_AT,
): Promise<string[]> {
  const explain = (words: string) =>
    store.all({ ...query, sql: `${words} ${query.sql}`, name: `explain ${query.name}` }, values);
  const reads = /^\s*(select|with)\b/i.test(query.sql) && !/\bfor (no key )?update\b/i.test(query.sql);
  if (store.dialect.lateral) {
    const [row] = await explain(`explain (${reads ? 'analyze, ' : ''}format json)`);
    // EXPLAIN answers one column of JSON.
    const plans = row?.['QUERY PLAN'] as string | readonly { Plan: Node }[];
    const [root] = typeof plans === 'string' ? JSON.parse(plans) : plans;
    return wideSteps(root.Plan, max);
  }
  const lines = (await explain('explain query plan')).map(({ detail }) => String(detail));
  // A walk in the order of the ids stops where the page is full.
  const isWalk = /\blimit\b/.test(query.sql) && !/\bwhere\b/.test(query.sql);
  if (isWalk && !lines.some((line) => line.includes('TEMP B-TREE'))) return [];
  return lines.filter((line) =>
    /^SCAN (?!parent|json_each|CONSTANT ROW|\d+-ROW)(?!.*(USING|VIRTUAL TABLE INDEX \d+:M))/.test(line),
  );
}
