import assert from 'node:assert/strict';
import { after, before, it, test } from 'node:test';
import {
  accounts,
  all,
  any,
  anyone,
  app,
  author,
  createdAt,
  exists,
  integer,
  integerId,
  its,
  me,
  own,
  reference,
  resource,
  text,
  through,
  where,
} from 'trestle';
import { type Context, system } from 'trestle/contract';
import { type Served, serveApp } from 'trestle/testing';
import { tablesOf } from '../../../src/database/tables.ts';
import { bulkInsertOf } from '../../../src/rows/write-statements.ts';
import { eachPlace } from '../../stores.ts';

const id = integerId();
const open = { read: anyone, create: anyone, update: anyone, delete: anyone };
const rank = ['owner', 'editor'];
const member = exists('members', { team: its('team'), who: me, rank });
const watcher = exists('members', { team: its('watched'), who: me, rank });
const teams = resource({
  id,
  fields: { name: text({ max: 20 }) },
  can: { ...open, read: exists('members', { team: its('id'), who: me, rank }) },
});
const members = resource({
  id,
  fields: { team: reference('teams'), who: author(), rank: text({ max: 9 }) },
  can: open,
});
const fields = {
  team: reference('teams', { nullable: true }),
  weight: integer(),
  title: text({ max: 20 }),
};
const notes = resource({
  id,
  fields,
  order: ['-weight'],
  softDelete: true,
  can: { ...open, read: member },
});
/** The same rows, by the rule of their team, and by another condition that holds for all. */
const sheets = resource({
  id,
  fields,
  order: ['-weight'],
  softDelete: true,
  can: { ...open, read: all(where({ title: { starts: 'n' } }), through('team')) },
});
/** The same rows, which their makers read, too. */
const drafts = resource({
  id,
  fields: { ...fields, by: author(), for: author() },
  order: ['-weight'],
  softDelete: true,
  can: { ...open, read: any(own('by'), member, own('for')) },
});
/** The same rows, which members of the team that watches them read, too: some are of both teams, or the caller's own. */
const shared = resource({
  id,
  fields: { ...fields, by: author(), watched: reference('teams', { nullable: true }) },
  order: ['-weight'],
  softDelete: true,
  can: { ...open, read: any(member, own('by'), watcher) },
});
/** The same rows by when they were made: several at once, and the later the heavier. */
const stamped = resource({
  id,
  fields: { ...fields, made: createdAt() },
  order: ['-made'],
  softDelete: true,
  can: { ...open, read: member },
});
/** The same rows in an order through null, and in one that goes two ways. */
const graded = resource({
  id,
  fields: { ...fields, grade: integer({ nullable: true }) },
  order: ['grade', '-title'],
  softDelete: true,
  can: { ...open, read: member },
});
const falling = resource({
  id,
  fields: {
    ...fields,
    grade: integer({ nullable: true }),
    by: author(),
    watched: reference('teams', { nullable: true }),
  },
  order: ['-grade', 'weight'],
  softDelete: true,
  can: { ...open, read: any(member, own('by'), watcher) },
});
/** Rows that change. A field has the name that a group's value once had. */
const measures = resource({
  id,
  fields: { team: reference('teams'), value: integer() },
  order: ['-value'],
  can: { ...open, read: member },
});
const resources = { teams, members, notes, sheets, drafts, shared, stamped, graded, falling, measures };
const site = app({ name: 'site', accounts: accounts({ id }), resources });
const ROWS = 6000;
const watchedOf = (at: number) =>
  at % 800 === 7 ? 2 : at % 1000 === 7 ? 1 : at % 60 === 0 ? null : 3 + (at % 5);
const gradeOf = (at: number) => (at % 3 === 0 ? null : at % 5);

type ListQuery = NonNullable<Parameters<Served<typeof resources>['engine']['services']['notes']['list']>[1]>;

interface Note {
  readonly id: number;
  readonly weight: number;
  readonly title: string;
  readonly grade: number | null;
}

test('the index of an order ends in what a membership rule asks of a row', () => {
  const declared = accounts({ id });
  const indexes = tablesOf(resources, declared).flatMap((table) =>
    table.indexes
      .filter(({ columns }) => columns[0] === 'weight')
      .map(({ columns }) => [table.name, columns]),
  );
  assert.deepEqual(indexes, [
    ['notes', ['weight', 'id', 'team', '_deleted_at']],
    ['sheets', ['weight', 'id', 'team', '_deleted_at']],
    ['drafts', ['weight', 'id', 'by', 'team', 'for', '_deleted_at']],
    ['shared', ['weight', 'id', 'team', 'by', 'watched', '_deleted_at']],
  ]);
});

eachPlace('a list under a membership rule', (place) => {
  let served: Served<typeof resources>;
  const as = (account: number): Context => ({ caller: { kind: 'account', account, session: 's' } });
  const rows = Array.from({ length: ROWS }, (_, at) => ({
    team: at % 500 === 7 ? 1 : at % 700 === 9 ? 2 : at % 50 === 0 ? null : 3 + (at % 7),
    weight: (at * 7919) % 900,
    title: `n${at}`,
    made: new Date(Date.UTC(2026, 0, 1, 0, 0, (at * 7919) % 900)).toISOString(),
    grade: gradeOf(at),
    by: at % 900 === 3 ? 1 : at % 1000 === 9 ? 3 : null,
    watched: watchedOf(at),
    for: at % 1200 === 7 ? 1 : at % 1100 === 3 ? 2 : null,
  }));
  const deleted = rows.findIndex(({ team }) => team === 1) + 1;
  before(async () => {
    served = await serveApp(site, await place());
    for (const username of ['ada', 'bob', 'cyd'])
      await served.call('POST', '/v1/accounts', { body: { username, password: 'correct horse battery' } });
    const { services, models, store } = served.engine;
    for (let at = 1; at <= 9; at += 1) await services.teams.create(system(), { name: `t${at}` });
    const join = (account: number, team: number, as_: string) =>
      services.members.create(system({ onBehalfOf: as(account).caller }), { team, rank: as_ });
    for (const [account, team, as_] of [
      [1, 1, 'owner'],
      [1, 1, 'editor'],
      [1, 2, 'editor'],
      [1, 3, 'guest'],
      [3, 4, 'guest'],
    ] as const)
      await join(account, team, as_);
    for (const team of [1, 2, 3, 4, 5, 6, 7, 8, 9]) await join(2, team, 'owner');
    for (const name of ['notes', 'sheets', 'drafts', 'shared', 'stamped', 'graded', 'falling'] as const) {
      const insert = bulkInsertOf(models.get(name) ?? assert.fail(), false);
      await store.write((transaction) => insert(transaction, rows));
      await services[name].remove(system(), deleted);
    }
  });
  after(() => served.close());

  const expected = (
    visible: readonly number[],
    account = 0,
    other = account,
    watching: readonly number[] = [],
  ): Note[] =>
    rows
      .map((row, at) => ({ id: at + 1, ...row }))
      .filter(
        ({ team, watched, by, for: whom, id: one }) =>
          one !== deleted &&
          ((team !== null && visible.includes(team)) ||
            (watched !== null && watching.includes(watched)) ||
            by === account ||
            whom === other),
      )
      .sort((a, b) => b.weight - a.weight || b.id - a.id);
  const visible: Readonly<Record<number, readonly number[]>> = {
    1: [1, 2],
    2: [1, 2, 3, 4, 5, 6, 7, 8, 9],
    3: [],
  };
  const ids = (found: readonly { readonly id: number | string }[]) => found.map((row) => Number(row.id));
  const queries: readonly [ListQuery, (all: Note[]) => Note[]][] = [
    [{}, (found) => found],
    [{ sort: ['weight'] }, (found) => found.toReversed()],
    [{ filter: { title: { ends: '7' } } }, (found) => found.filter(({ title }) => title.endsWith('7'))],
    [{ filter: { weight: { lt: 400 } } }, (found) => found.filter(({ weight }) => weight < 400)],
    [{ offset: 3 }, (found) => found.slice(3)],
    [{ sort: ['title', 'id'] }, (found) => found.sort((a, b) => (a.title < b.title ? -1 : 1))],
  ];

  /** The first 40 rows of a list page by page, and the page before the last. */
  async function paged(name: keyof typeof resources, account: number, { offset = 0, ...query }: ListQuery) {
    const service = served.engine.byName.get(name) ?? assert.fail();
    const seen: number[] = [];
    let page = await service.list(as(account), { ...query, ...(offset > 0 && { offset }), limit: 5 });
    seen.push(...ids(page.items));
    while (page.next !== null && seen.length < 40) {
      page = await service.list(as(account), { ...query, limit: 5 }, page.next);
      seen.push(...ids(page.items));
    }
    const back = page.prev && (await service.list(as(account), { ...query, limit: 5 }, page.prev));
    return { seen, back: back ? ids(back.items) : [] };
  }

  /** The rows that an account may read of a resource. */
  function rowsOf(name: 'notes' | 'sheets' | 'drafts' | 'shared', account: number): Note[] {
    const seen = visible[account] ?? [];
    if (name === 'shared') return expected(seen, account, 0, seen);
    return expected(seen, name === 'drafts' ? account : undefined);
  }

  async function hasPages(name: 'notes' | 'sheets' | 'drafts' | 'shared', account: number, at: number) {
    const [query, of] = queries[at] ?? assert.fail();
    const all = rowsOf(name, account);
    const found = ids(of(all)).slice(0, 40);
    const { seen, back } = await paged(name, account, query);
    assert.deepEqual(seen, found, JSON.stringify([query, account]));
    const last = Math.floor(Math.max(found.length - 1, 0) / 5) * 5;
    // A page back is one from where the offset has led to, too.
    if (!query.offset) assert.deepEqual(back, found.slice(Math.max(last - 5, 0), last));
  }

  it('has rows of several memberships', () => {
    const both = rowsOf('shared', 1).length - rowsOf('drafts', 1).length;
    assert.ok(both > 0 && rowsOf('shared', 3).length > 0);
  });

  for (const name of ['notes', 'sheets', 'drafts', 'shared'] as const)
    it(`has the same rows of ${name}, in the same order and pages, however they are read`, async () => {
      assert.ok(expected([1, 2]).length > 15 && expected([1, 2]).length < 40);
      assert.ok(expected([1, 2], 1).length > expected([1, 2]).length);
      // How a page is read depends on how long the last one took.
      for (let time = 0; time < 4; time += 1)
        for (const at of queries.keys()) for (const account of [1, 2, 3]) await hasPages(name, account, at);
    });

  it('has rows that were made at once in their order, however often it was read before', async () => {
    for (const account of [1, 2, 3]) {
      const all = ids(expected(visible[account] ?? []));
      for (let time = 0; time < 4; time += 1)
        for (const limit of [5, 3, 8]) {
          const found = await served.engine.services.stamped.list(as(account), { limit });
          assert.deepEqual(ids(found.items), all.slice(0, limit));
        }
      assert.deepEqual((await paged('stamped', account, {})).seen, all.slice(0, 40));
    }
  });

  /** Null is before every value. */
  const grades = (a: Note, b: Note) => (a.grade ?? -1) - (b.grade ?? -1);
  const titles = (a: Note, b: Note) => (a.title < b.title ? -1 : 1);
  for (const [name, order] of [
    ['graded', (a: Note, b: Note) => grades(a, b) || titles(b, a)],
    ['falling', (a: Note, b: Note) => grades(b, a) || a.weight - b.weight || a.id - b.id],
  ] as const)
    it(`has the rows of ${name} in its order, forwards and backwards`, async () => {
      const service = served.engine.byName.get(name) ?? assert.fail();
      for (const account of [1, 2, 3]) {
        const teamsOf = visible[account] ?? [];
        const all = (
          name === 'falling' ? expected(teamsOf, account, 0, teamsOf) : expected(teamsOf, 0, 0)
        ).toSorted(order);
        assert.deepEqual(ids((await service.list(as(account), { limit: 60 })).items), ids(all).slice(0, 60));
        const { seen, back } = await paged(name, account, {});
        assert.deepEqual(seen, ids(all).slice(0, 40));
        const last = Math.floor(Math.max(seen.length - 1, 0) / 5) * 5;
        assert.deepEqual(back, seen.slice(Math.max(last - 5, 0), last));
      }
    });

  it('has what is there now, however often it was read before', async () => {
    const { measures: service, members: membership } = served.engine.services;
    const insert = bulkInsertOf(served.engine.models.get('measures') ?? assert.fail(), false);
    const made = Array.from({ length: 2000 }, (_, at) => ({ team: at % 100 === 5 ? 1 : 5, value: at * 10 }));
    await served.engine.store.write((transaction) => insert(transaction, made));
    const values = async (query: Parameters<typeof service.list>[1] = {}) => {
      const lists = [];
      for (let time = 0; time < 4; time += 1)
        lists.push((await service.list(as(1), { limit: 5, ...query })).items.map(({ value }) => value));
      const [first, ...others] = lists;
      for (const other of others) assert.deepEqual(other, first);
      return first;
    };
    assert.deepEqual(await values(), [19050, 18050, 17050, 16050, 15050]);
    const top = await service.create(system(), { team: 1, value: 18055 });
    await service.create(system(), { team: 5, value: 90000 });
    assert.deepEqual(await values(), [19050, 18055, 18050, 17050, 16050]);
    assert.deepEqual(await values({ limit: 7 }), [19050, 18055, 18050, 17050, 16050, 15050, 14050]);
    await service.remove(system(), top.id);
    for (const { id: one } of (await service.list(as(1), { limit: 3 })).items)
      await service.remove(system(), one);
    assert.deepEqual(await values(), [16050, 15050, 14050, 13050, 12050]);
    assert.deepEqual(await values({ filter: { value: { lt: 13000 } } }), [12050, 11050, 10050, 9050, 8050]);
    assert.deepEqual(await values({ filter: { value: { lt: 9000 } } }), [8050, 7050, 6050, 5050, 4050]);
    assert.deepEqual(await values({ filter: { value: { lt: 2000 } } }), [1050, 50]);
    assert.deepEqual(await values({ sort: ['value'] }), [50, 1050, 2050, 3050, 4050]);
    const joined = await membership.create(system({ onBehalfOf: as(1).caller }), { team: 5, rank: 'owner' });
    // Now the caller reads most of the rows: they are walked.
    assert.deepEqual(await values(), [90000, 19990, 19980, 19970, 19960]);
    const higher = await service.create(system(), { team: 5, value: 95000 });
    assert.deepEqual(await values(), [95000, 90000, 19990, 19980, 19970]);
    await service.remove(system(), higher.id);
    assert.deepEqual(await values(), [90000, 19990, 19980, 19970, 19960]);
    assert.deepEqual(await values({ limit: 6 }), [90000, 19990, 19980, 19970, 19960, 19950]);
    await membership.remove(system(), joined.id);
    assert.deepEqual(await values(), [16050, 15050, 14050, 13050, 12050]);
  });

  it('follows a membership at once', async () => {
    const { notes: service, members: member } = served.engine.services;
    const joined = await member.create(system({ onBehalfOf: as(3).caller }), { team: 2, rank: 'owner' });
    for (let time = 0; time < 3; time += 1)
      assert.deepEqual(
        ids((await service.list(as(3), { limit: 50 })).items),
        ids(expected([2])).slice(0, 50),
      );
    await member.remove(system(), joined.id);
    assert.deepEqual((await service.list(as(3))).items, []);
  });

  it('has the rows of a member of very many teams', async () => {
    const { store, models, services } = served.engine;
    const fill = async (name: 'teams' | 'members' | 'measures', made: readonly object[]) => {
      const insert = bulkInsertOf(models.get(name) ?? assert.fail(), false);
      await store.write((transaction) => insert(transaction, made as Record<string, string>[]));
    };
    const MANY = 450;
    await fill(
      'teams',
      Array.from({ length: MANY }, (_, at) => ({ name: `many ${at}` })),
    );
    const [last] = (await services.teams.list(system(), { sort: ['-id'], limit: 1 })).items;
    const ofMany = Array.from({ length: MANY }, (_, at) => Number(last?.id) - at);
    await fill(
      'members',
      ofMany.map((team) => ({ team, who: 3, rank: 'owner' })),
    );
    await fill(
      'measures',
      ofMany.map((team, at) => ({ team, value: 1_000_000 + at })),
    );
    for (let time = 0; time < 3; time += 1) {
      const { items, next } = await services.measures.list(as(3), { limit: 4 });
      assert.deepEqual(
        items.map(({ value }) => value),
        [449, 448, 447, 446].map((at) => 1_000_000 + at),
      );
      const following = await services.measures.list(as(3), { limit: 4 }, next ?? '');
      assert.deepEqual(
        following.items.map(({ value }) => value),
        [445, 444, 443, 442].map((at) => 1_000_000 + at),
      );
    }
    assert.deepEqual((await services.measures.list(as(1), { limit: 1 })).items.length, 1);
  });

  it('looks up few groups at once on PostgreSQL, and many for each row', async (t) => {
    const { store, services } = served.engine;
    const texts: string[] = [];
    const { all: read } = store;
    t.mock.method(store, 'all', (...asked: Parameters<typeof read>) => {
      texts.push(asked[0].sql);
      return read.apply(store, asked);
    });
    const statementOf = async (account: number) => {
      texts.length = 0;
      for (let time = 0; time < 3; time += 1) await services.measures.list(as(account), { limit: 2 });
      return texts.filter((each) => each.includes('limit')).at(-1) ?? '';
    };
    for (let value = 2_000_000; value < 2_000_004; value += 1)
      await services.measures.create(system(), { team: 5, value });
    // A member of 9 teams, and one of 450.
    const [few, many] = [await statementOf(2), await statementOf(3)];
    assert.equal(few.includes(') is true'), store.dialect.amongFew !== undefined, few);
    assert.match(many, /where exists/);
  });
});
