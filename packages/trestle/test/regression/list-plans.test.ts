// A list, a page of children and rows by id never read a whole table of 100,000 rows, nor all children for each parent.
import assert from 'node:assert/strict';
import { before, it } from 'node:test';
import { accounts, anyone, author, integer, integerId, own, reference, resource, text } from 'trestle';
import { accountResources } from '../../src/accounts/resources.ts';
import { migrate } from '../../src/database/migrations/migrate.ts';
import { type Sql, sql } from '../../src/database/sql.ts';
import { type Statement, statement } from '../../src/database/statement.ts';
import type { Store, Value } from '../../src/database/store.ts';
import { tablesOf } from '../../src/database/tables.ts';
import { openServices } from '../../src/rows/open-services.ts';
import { ann, anonymous } from '../rows/shop.ts';
import { eachStore } from '../stores.ts';

const ROWS = 100_000;
const PARENTS = 1_000;

const projects = resource({
  id: integerId(),
  fields: { name: text() },
  order: 'name',
  can: { read: anyone },
});
const updates = resource({
  id: integerId(),
  fields: {
    title: text(),
    rank: integer({ index: true }),
    project: reference('projects', { onDelete: 'cascade' }),
  },
  order: '-title',
  can: { read: anyone },
});
const diaries = resource({
  id: integerId(),
  fields: { entry: text(), project: reference('projects'), owner: author() },
  order: '-entry',
  can: { read: own('owner') },
});
const resources = { projects, updates, diaries };

/** Maximum rows that one of these queries may look at, of a table or a join. */
const MAX_LOOKED_AT = 2_000;

interface Node {
  readonly 'Node Type': string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Join Filter'?: number;
  readonly Plans?: readonly Node[];
}

/** The steps of a plan of PostgreSQL that looked at more rows than they may. */
function wideSteps(node: Node): string[] {
  const { 'Node Type': type, 'Actual Rows': rows, 'Actual Loops': loops, Plans = [] } = node;
  const removed = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Join Filter'] ?? 0);
  const lookedAt = (rows + removed) * loops;
  return [...(lookedAt > MAX_LOOKED_AT ? [`${type}: ${lookedAt}`] : []), ...Plans.flatMap(wideSteps)];
}

/** The steps of a statement that read a table from end to end: as each database explains it. */
async function scanned(store: Store, query: Statement, values: readonly Value[]): Promise<string[]> {
  const explain = (words: string) =>
    store.all({ ...query, sql: `${words} ${query.sql}`, name: `explain ${query.name}` }, values);
  if (store.dialect.lateral) {
    const [row] = await explain('explain (analyze, format json)');
    // EXPLAIN answers one column of JSON.
    const plans = row?.['QUERY PLAN'] as string | readonly { Plan: Node }[];
    const [root] = typeof plans === 'string' ? JSON.parse(plans) : plans;
    return wideSteps(root.Plan);
  }
  const lines = (await explain('explain query plan')).map(({ detail }) => String(detail));
  return lines.filter((line) => /^SCAN (?!parent|json_each)(?!.*USING)/.test(line));
}

eachStore('plans of lists over 100,000 rows', (open) => {
  let store: Store;
  let services: ReturnType<typeof openServices<typeof resources>>['services'];
  const run: { readonly query: Statement; readonly values: readonly Value[] }[] = [];

  before(async () => {
    store = await open();
    const declared = accounts({ id: integerId() });
    await migrate(store, [
      ...tablesOf(accountResources(declared), declared),
      ...tablesOf(resources, declared),
    ]);
    const write = (query: Sql) =>
      store.write((transaction) => transaction.all(statement(store.dialect, query), []), { patient: true });
    const fill = (table: string, columns: string, values: string, rows: number) =>
      write(sql`insert into ${sql.table(table)} (${sql.raw(columns)})
        with recursive n(i) as (select 1 union all select i + 1 from n where i < ${sql.lit(rows)})
        select ${sql.raw(values)} from n`);
    await fill('_trestle_accounts', 'username, created_at', `'a' || i, ${"'2026-01-01T00:00:00.000Z'"}`, 50);
    await fill('projects', 'name', "'p' || i", PARENTS);
    await fill('updates', 'title, "rank", project', `'t' || i, i / 10, 1 + i % ${PARENTS}`, ROWS);
    await fill('diaries', 'entry, project, owner', `'t' || i, 1 + i % ${PARENTS}, 1 + i % 50`, ROWS);
    for (const table of ['projects', 'updates', 'diaries'])
      for (const query of store.dialect.analyze(table)) await write(query);
    const recording = new Proxy(store, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key);
        if (typeof value !== 'function') return value;
        if (key !== 'all') return value.bind(target);
        return (query: Statement, values: readonly Value[]) => {
          run.push({ query, values });
          return target.all(query, values);
        };
      },
    });
    services = openServices({
      resources,
      accounts: declared,
      store: recording,
      cursorKey: Buffer.alloc(32),
    }).services;
  });

  it('read no table from end to end', async () => {
    const first = await services.updates.list(anonymous, { limit: 100 });
    await services.updates.list(anonymous, { limit: 100, ...(first.next && { cursor: first.next }) });
    await services.updates.list(anonymous, { sort: ['rank'], limit: 100 });
    await services.updates.list(anonymous, { filter: { rank: { eq: 77 } } });
    await services.updates.list(anonymous, { filter: { rank: { between: [70, 80] } }, sort: ['rank'] });
    await services.updates.list(anonymous, { filter: { project: { eq: 7 } } });
    await services.diaries.list(ann, { limit: 100 });
    await services.updates.readMany(
      anonymous,
      Array.from({ length: 100 }, (_, at) => at * 900 + 1),
    );
    const { items } = await services.projects.list(anonymous, { limit: 100 });
    const parents = items.map(({ id }) => id);
    const children = await services.updates.children(anonymous, 'project', parents, { limit: 2 });
    assert.deepEqual(
      [...children.values()].map(({ length }) => length),
      parents.map(() => 2),
    );
    assert.equal(run.length, 10);
    for (const { query, values } of run) assert.deepEqual(await scanned(store, query, values), [], query.sql);
  });
});
