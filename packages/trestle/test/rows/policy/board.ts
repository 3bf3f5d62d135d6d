import {
  accounts,
  anyone,
  author,
  boolean,
  integer,
  integerId,
  oneOf,
  type Resources,
  type Rules,
  reference,
  resource,
  text,
  timestamp,
} from 'trestle';
import type { Caller } from 'trestle/contract';
import { accountResources } from '../../../src/accounts/resources.ts';
import { migrate } from '../../../src/database/migrations/migrate.ts';
import { sql } from '../../../src/database/sql.ts';
import { statement } from '../../../src/database/statement.ts';
import type { Store } from '../../../src/database/store.ts';
import { tablesOf } from '../../../src/database/tables.ts';
import { openServices } from '../../../src/rows/open-services.ts';

export const STATES = ['draft', 'open', 'done'] as const;
export const RANKS = ['owner', 'editor', 'guest'] as const;

/** Teams with members, their projects, and tasks in those: under rules that a test gives. */
export function board(can: { tasks?: Rules; projects?: Rules } = {}) {
  const teams = resource({ id: integerId(), fields: { name: text({ max: 50 }) }, can: { read: anyone } });
  const memberships = resource({
    id: integerId(),
    fields: { team: reference('teams'), member: author(), rank: oneOf(RANKS), since: timestamp() },
  });
  const projects = resource({
    id: integerId(),
    fields: { team: reference('teams', { nullable: true }), lead: author(), open: boolean() },
  });
  const tasks = resource({
    id: integerId(),
    fields: {
      title: text({ nullable: true, max: 100 }),
      state: oneOf(STATES),
      points: integer({ nullable: true }),
      due: timestamp({ nullable: true }),
      project: reference('projects', { nullable: true }),
      owner: author(),
    },
  });
  return {
    teams,
    memberships,
    projects: { ...projects, can: can.projects ?? {} },
    tasks: { ...tasks, can: can.tasks ?? {} },
  };
}

const declared = accounts({ id: integerId() });

/** The tables of a board, with the accounts 1 to 3. */
export async function migrateBoard(store: Store, resources: Resources = board()): Promise<void> {
  await migrate(store, [...tablesOf(accountResources(declared), declared), ...tablesOf(resources, declared)]);
  for (const name of ['ann', 'bob', 'cy']) {
    const columns = sql`(${sql.ref('username')}, ${sql.ref('created_at')})`;
    const insert = sql`insert into ${sql.table('_trestle_accounts')} ${columns} values (${name}, ${'2026-01-01T00:00:00.000Z'})`;
    await store.write((transaction) =>
      transaction.all(statement(store.dialect, insert), [name, '2026-01-01T00:00:00.000Z']),
    );
  }
}

export function openBoard<Rs extends Resources>(
  store: Store,
  resources: Rs,
): ReturnType<typeof openServices<Rs>> {
  return openServices({ resources, accounts: declared, store, cursorKey: Buffer.alloc(32, 1) });
}

export const account = (id: number, ...roles: string[]): Caller => ({
  kind: 'account',
  account: id,
  session: `session ${id}`,
  roles,
});
export const key = (id: number | null): Caller => ({ kind: 'key', account: id, key: 'k', scopes: null });
export const administrator: Caller = { kind: 'administrator' };

export type BoardService = NonNullable<ReturnType<ReturnType<typeof openBoard>['byName']['get']>>;
