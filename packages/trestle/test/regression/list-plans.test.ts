// A list, a page of children, rows by id and what is computed of others never read a whole table of 20,000 rows, nor all children for each parent.
import assert from 'node:assert/strict';
import { before, it } from 'node:test';
import {
  accounts,
  anyone,
  author,
  exists,
  integer,
  integerId,
  its,
  me,
  own,
  reference,
  resource,
  text,
} from 'trestle';
import { accountResources } from '../../src/accounts/resources.ts';
import { migrate } from '../../src/database/migrations/migrate.ts';
import type { Store } from '../../src/database/store.ts';
import { tablesOf } from '../../src/database/tables.ts';
import { openServices } from '../../src/rows/open-services.ts';
import { fill, INSTANT, type RecordedStatement, recorded, scanned } from '../plans.ts';
import { ann, anonymous } from '../rows/shop.ts';
import { eachStore } from '../stores.ts';

const ROWS = 20_000;
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
const stars = resource({
  id: integerId(),
  fields: { marked: reference('marked'), by: author() },
  can: { read: anyone },
});
const mine = exists('stars', { marked: its('id'), by: me });
/** A field that is computed of the caller's rows, and one that these decide who reads. */
const marked = resource({
  id: integerId(),
  fields: { title: text(), mine, secret: text({ can: { read: mine } }) },
  order: '-title',
  can: { read: anyone },
});
const resources = { projects, updates, diaries, stars, marked };

eachStore('plans of lists over 20,000 rows', (open) => {
  let store: Store;
  let services: ReturnType<typeof openServices<typeof resources>>['services'];
  let run: RecordedStatement[];

  before(async () => {
    store = await open();
    const declared = accounts({ id: integerId() });
    await migrate(store, [
      ...tablesOf(accountResources(declared), declared),
      ...tablesOf(resources, declared),
    ]);
    const parent = `1 + i % ${PARENTS}`;
    await fill(store, 50, '_trestle_accounts', { username: "'a' || i", created_at: INSTANT });
    await fill(store, PARENTS, 'projects', { name: "'p' || i" });
    await fill(store, ROWS, 'updates', { title: "'t' || i", rank: 'i / 10', project: parent });
    await fill(store, ROWS, 'diaries', { entry: "'t' || i", project: parent, owner: '1 + i % 50' });
    await fill(store, ROWS, 'marked', { title: "'t' || i", secret: "'s' || i" });
    await fill(store, ROWS, 'stars', { marked: 'i', by: '1 + i % 4' });
    const recording = recorded(store);
    run = recording.run;
    services = openServices({
      resources,
      accounts: declared,
      store: recording.store,
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
      Array.from({ length: 100 }, (_, at) => at * 190 + 1),
    );
    const { items } = await services.projects.list(anonymous, { limit: 100 });
    const parents = items.map(({ id }) => id);
    const children = await services.updates.children(anonymous, 'project', parents, { limit: 2 });
    assert.deepEqual(
      [...children.values()].map(({ length }) => length),
      parents.map(() => 2),
    );
    assert.equal(run.length, 10);
    for (const one of run) assert.deepEqual(await scanned(store, one), [], one.query.sql);
  });

  it('look at the rows that a field is computed of for those of the page alone', async () => {
    run.length = 0;
    const { items } = await services.marked.list(ann, { limit: 100 });
    const isMine = items.map((row) => Number(row.id) % 4 === 0);
    assert.deepEqual(
      items.map((row) => row.mine),
      isMine,
    );
    assert.deepEqual(
      items.map((row) => 'secret' in row),
      isMine,
    );
    for (const one of run) assert.deepEqual(await scanned(store, one), [], one.query.sql);
  });

  it('read of each parent its own children, or those of its caller', async () => {
    run.length = 0;
    const parents = Array.from({ length: 10 }, (_, at) => at + 1);
    const own = await services.diaries.children(ann, 'project', parents, { limit: 2 });
    assert.deepEqual([...own.values()].map(({ length }) => length).sort(), [0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    const [query] = run;
    assert.ok(query);
    assert.deepEqual(await scanned(store, query, 100), []);
  });
});
