import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from '../../packages/trestle/src/database/sql.ts';
import { statement } from '../../packages/trestle/src/database/statement.ts';
import {
  accounts,
  anyone,
  anyText,
  app,
  author,
  count,
  createdAt,
  exists,
  integerId,
  its,
  me,
  reference,
  resource,
  text,
} from '../../packages/trestle/src/index.ts';
import { serveApp } from '../../packages/trestle/src/testing.ts';
import { fill } from '../../packages/trestle/test/plans.ts';
import { createDatabase, startPostgres } from '../../packages/trestle/test/postgres-server.ts';
import { runLoad } from './load.ts';
import type { Options } from './suites.ts';

const id = integerId();
const can = { read: anyone };
const note = {
  title: text(),
  team: reference('teams'),
  at: createdAt(),
};
const post = { title: text(), at: createdAt() };
const resources = {
  teams: resource({ id, fields: { name: text() }, can }),
  memberships: resource({ id, fields: { team: reference('teams'), account: author() }, can }),
  /** The same rows, without and with a membership rule. */
  open: resource({ id, fields: note, order: '-at', can }),
  ruled: resource({
    id,
    fields: note,
    order: '-at',
    can: { read: exists('memberships', { team: its('team'), account: me }) },
  }),
  favorites: resource({ id, fields: { post: reference('favorable'), account: author() }, can }),
  posts: resource({ id, fields: post, order: '-at', can }),
  /** The same rows, with a field that depends on the caller, and with one that does not. */
  favorable: resource({
    id,
    fields: { ...post, mine: exists('favorites', { post: its('id'), account: me }) },
    order: '-at',
    can,
  }),
  counted: resource({
    id,
    fields: { ...post, comments: count('comments', { post: its('id') }) },
    order: '-at',
    can,
  }),
  comments: resource({ id, fields: { post: reference('counted') }, can }),
};
const budgets = app({ name: 'budgets', accounts: accounts({ id, password: anyText }), resources });

const TEAMS = 1_000;
/** Teams that each account is a member of. */
const MEMBERSHIPS = [3, 10, 30, 300];

/** A list, the same without what it is measured for, and the maximum of the ratio of their times. */
interface Budget {
  readonly name: string;
  readonly with: string;
  readonly without: string;
  readonly account: number;
  readonly max: number;
}

const BUDGETS: readonly Budget[] = [
  ...MEMBERSHIPS.map((teams, at) => ({
    name: `a membership rule, member of ${teams} of ${TEAMS} teams`,
    with: '/v1/ruled?limit=30',
    without: '/v1/open?limit=30',
    account: at + 1,
    max: 1.5,
  })),
  {
    name: 'a membership rule and a filter',
    with: '/v1/ruled?limit=30&filter[title][ends]=7',
    without: '/v1/open?limit=30&filter[title][ends]=7',
    account: 1,
    max: 1.5,
  },
  {
    name: 'a computed exists of the caller',
    with: '/v1/favorable?limit=30',
    without: '/v1/posts?limit=30',
    account: 1,
    max: 1.25,
  },
  {
    name: 'a computed count',
    with: '/v1/counted?limit=30',
    without: '/v1/posts?limit=30',
    account: 1,
    max: 1.25,
  },
];

/** Measures the budgets of DESIGN.md, part 3, each list beside the same one without, in turns over HTTP. Prints the ratios. */
export async function measureBudgets({
  store: kind,
  rows = 1_000_000,
  runs,
  seconds,
}: Options): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), 'trestle-budgets-'));
  const postgres = kind === 'postgres' ? await startPostgres({ shared_buffers: '512MB' }) : undefined;
  const served = await serveApp(budgets, {
    data,
    database: postgres && (await createDatabase(postgres.url)),
  });
  try {
    const { store } = served.engine;
    const tokens: string[] = [];
    for (const teams of MEMBERSHIPS) {
      const body = { username: `member-of-${teams}`, password: 'a password of the benchmark' };
      const { status, body: made } = await served.call('POST', '/v1/accounts', { body });
      if (status !== 201) throw new Error(JSON.stringify(made));
      const { body: session } = await served.call('POST', '/v1/sessions', { body });
      tokens.push(String(Reflect.get(Object(session), 'access_token')));
    }
    const at = store.dialect.lateral
      ? "timestamptz '2026-01-01Z' + i * interval '1 second'"
      : "strftime('%Y-%m-%dT%H:%M:%fZ', 1767225600 + i, 'unixepoch')";
    await fill(store, TEAMS, 'teams', { name: "'t' || i" });
    for (const [index, teams] of MEMBERSHIPS.entries())
      await fill(store, teams, 'memberships', {
        team: `i * ${Math.floor(TEAMS / teams)}`,
        account: String(index + 1),
      });
    for (const table of ['open', 'ruled'])
      await fill(store, rows, table, {
        title: "'title of ' || (i / 1000)",
        team: `1 + (i * 7) % ${TEAMS}`,
        at,
      });
    for (const table of ['posts', 'favorable', 'counted'])
      await fill(store, rows / 10, table, { title: "'title of ' || i", at });
    await fill(store, rows / 10, 'favorites', { post: 'i', account: '1 + i % 4' });
    await fill(store, rows / 10, 'comments', { post: `1 + (i * 7) % ${rows / 10}` });
    // As PostgreSQL's autovacuum does after a while.
    for (const table of postgres ? Object.keys(resources) : [])
      await store.all(statement(store.dialect, sql`vacuum analyze ${sql.table(table)}`), []);
    for (const budget of BUDGETS) {
      const headers = { authorization: `Bearer ${tokens[budget.account - 1]}` };
      const load = (path: string, time: number) =>
        runLoad({
          url: served.url,
          request: { method: 'GET', path, headers },
          rows,
          connections: 8,
          seconds: time,
          cores: 'any',
        });
      const ratios: number[] = [];
      for (let run = 0; run < runs; run += 1) {
        const [plain, ruled] = [await load(budget.without, seconds), await load(budget.with, seconds)];
        if (plain.failures + ruled.failures > 0)
          throw new Error(`${budget.name}: not every request was answered`);
        ratios.push(plain.rps / ruled.rps);
      }
      const [ratio = 0] = ratios.sort((a, b) => a - b).slice(Math.floor(runs / 2));
      console.log(`${budget.name}: ${ratio.toFixed(2)} times the list without (budget ${budget.max})`);
    }
  } finally {
    await served.close();
    await postgres?.stop();
    rmSync(data, { recursive: true, force: true });
  }
}
