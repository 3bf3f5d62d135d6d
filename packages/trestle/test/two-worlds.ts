// Two databases that differ in hidden fields and rows alone: whatever is asked, the answers are to be the same.
import type { TestContext } from 'node:test';
import {
  accounts,
  anyone,
  app,
  author,
  count,
  createdAt,
  exists,
  integer,
  integerId,
  its,
  me,
  nobody,
  own,
  reference,
  references,
  resource,
  role,
  signedIn,
  sum,
  text,
  where,
} from 'trestle';
import { system } from 'trestle/contract';
import { type Served, serveApp } from 'trestle/testing';
import type { Place } from './stores.ts';

const id = integerId();
const open = { read: anyone, create: signedIn, update: signedIn, delete: signedIn };
const hr = role('hr');
export const resources = {
  /** Its fields are hidden: from all but a role, from everybody, in some of the rows. */
  people: resource({
    id,
    fields: {
      name: text({ max: 40, unique: true }),
      salary: integer({ nullable: true, index: true, can: { read: hr, create: hr, update: hr } }),
      badge: text({ nullable: true, max: 20, unique: true, can: { read: nobody } }),
      notes: text({ nullable: true, can: { read: own('made_by') } }),
      plan: text({ nullable: true, can: { read: own('made_by'), update: own('made_by') } }),
      boss: reference('people', { nullable: true, can: { read: hr } }),
      tags: references('papers', { can: { read: hr } }),
      made_by: author(),
    },
    search: { name: 2, notes: 1 },
    history: true,
    live: true,
    softDelete: true,
    can: open,
  }),
  /** Its rows are hidden: all but the caller's own, and the open ones. */
  papers: resource({
    id,
    fields: {
      title: text({ max: 40 }),
      pages: integer({ default: 1 }),
      state: text({ max: 9, default: 'closed' }),
      about: reference('shelves', { nullable: true }),
      made_by: author(),
      created_at: createdAt(),
    },
    feed: { title: 'title', date: 'created_at' },
    history: true,
    live: true,
    can: {
      ...open,
      read: where({ or: [{ state: 'open' }, { made_by: me }] }),
      update: own('made_by'),
      delete: own('made_by'),
    },
  }),
  shelves: resource({
    id,
    fields: {
      label: text({ max: 20 }),
      paper: reference('papers', { nullable: true, onDelete: 'setNull' }),
      papers: references('papers'),
      about: count('papers', { about: its('id') }),
      pages: sum('papers', 'pages', { about: its('id') }),
      has: exists('papers', { title: 'dark' }),
    },
    can: open,
  }),
};
const archive = app({
  name: 'archive',
  accounts: accounts({ id, roles: ['hr'] }),
  resources,
  webhooks: { can: signedIn, allowPrivate: true },
});

/** Hidden values of one of the two databases. */
export interface Hidden {
  readonly salary: number;
  readonly word: string;
  readonly boss: number;
  /** The title and the pages of a paper that only its author reads. */
  readonly title: string;
  readonly pages: number;
  /** Whether there is another of these. */
  readonly more: boolean;
}
export const WORLDS: readonly [Hidden, Hidden] = [
  { salary: 100, word: 'apple', boss: 1, title: 'dark', pages: 7, more: true },
  { salary: 900, word: 'pear', boss: 2, title: 'dusk', pages: 8, more: false },
];

/** `METHOD path`, and a body. `:page` of the first one is its cursor. */
export type Asked = readonly [line: string, body?: unknown];

const filters = (name: string, ...operators: string[]) =>
  operators.map((operator): Asked => [`GET /people?filter[${name}]${operator}`]);
const HIDDEN_ROWS = [2, 3];
export const READS: readonly Asked[] = [
  ['GET /people'],
  ['GET /people?count=exact&limit=1'],
  ['GET /people/3'],
  ['GET /people/3?fields=salary'],
  ['GET /people?fields=name,notes'],
  ['GET /people/3:can'],
  ['GET /people/3/history'],
  // It is deleted softly.
  ...['GET /people/4', 'GET /people/4:can', 'GET /people/4/history', 'GET /people/by/name/dee'].map(
    (line): Asked => [line],
  ),
  ['GET /people?filter[id]=4&count=exact'],
  ['GET /people/by/name/cyd'],
  ['GET /people/by/badge/apple'],
  ...filters('salary', '[gt]=500', '[null]=true', '[in]=100,900', '=900'),
  ...filters('badge', '=apple', '[starts]=a'),
  ...filters('notes', '=apple', '[contains]=pp', '[null]=true', '[ne]=x', '[in]=apple,pear'),
  ...filters('boss', '=1', '[name]=ann', '[null]=false'),
  ...filters('tags', '[has]=1'),
  ['GET /people?filter[or][0][notes]=apple&filter[or][1][name]=ann'],
  ...['salary', '-badge', 'notes', '-notes', 'boss', 'boss.name', 'made_by.username'].map(
    (key): Asked => [`GET /people?sort=${key}&limit=2`],
  ),
  ['GET /people?search=apple'],
  ['GET /people?search=pear&count=exact'],
  ['POST /people:search', { filter: { notes: { eq: 'apple' } }, count: 'exact' }],
  ['GET /people?expand=boss,tags'],
  ['GET /people/3?expand=boss'],
  ...['sum=salary', 'max=salary', 'group=salary', 'group=notes', 'min=notes', 'group=boss', 'count=true'].map(
    (what): Asked => [`GET /people:aggregate?${what}`],
  ),
  ['GET /papers?count=exact'],
  ['GET /papers?count=estimated&limit=1'],
  ...HIDDEN_ROWS.flatMap((row): Asked[] => [
    [`GET /papers/${row}`],
    [`GET /papers/${row}:can`],
    [`GET /papers/${row}/history`],
  ]),
  ['GET /papers?sort=-pages'],
  ['GET /papers?filter[title]=dark'],
  ['GET /papers:aggregate?sum=pages&group=about'],
  ['GET /papers:aggregate?max=pages'],
  ['GET /papers/feed.json'],
  ['GET /shelves'],
  ['GET /shelves?expand=paper,papers&limit=5'],
  ['GET /shelves?filter[paper][title]=dark'],
  ['GET /shelves?filter[paper][pages][gt]=0'],
  ['GET /shelves?sort=paper.title'],
  ['GET /shelves?sort=-about,pages'],
  ['GET /shelves?filter[has]=true'],
  ['GET /shelves?filter[pages][gt]=1'],
  ['GET /shelves:aggregate?sum=pages'],
];
export const WRITES: readonly Asked[] = [
  ['PATCH /people/3', { salary: 1 }],
  ['PATCH /people/3', { notes: 'mine' }],
  ['PATCH /people/3', { boss: 1 }],
  ['PATCH /people/3', { plan: 'apple' }],
  ['PUT /people/3', { name: 'cyd', plan: 'pear' }],
  ['PATCH /people/3', { badge: 'apple' }],
  ['PUT /people/3', { name: 'cyd' }],
  ['PATCH /people?filter[salary][gt]=500&max=10', { name: 'x' }],
  ['PATCH /people?filter[notes]=apple&max=10', { name: 'never' }],
  ['DELETE /people?filter[notes]=pear&max=10'],
  ['PATCH /papers?filter[pages][gt]=0&max=10', { title: 'x' }],
  ...HIDDEN_ROWS.flatMap((row): Asked[] => [
    [`PATCH /papers/${row}`, { title: 'mine' }],
    [`PUT /papers/${row}`, { title: 'mine' }],
    [`DELETE /papers/${row}`],
    [`POST /papers/${row}:increment`, { pages: 1 }],
    ['POST /shelves', { label: 'a', paper: row }],
    ['POST /shelves', { label: 'b', papers: [row] }],
    ['PATCH /shelves/1', { paper: row }],
    ['POST /batch', { requests: [{ method: 'GET', path: `/v1/papers/${row}` }] }],
  ]),
  ['PATCH /people/4', { notes: 'mine' }],
  ['DELETE /people/4'],
  ['POST /people/4:restore'],
  ['PUT /people/by/name/cyd', { name: 'cyd' }],
  ['PATCH /people/3', { name: 'cyd of ben' }],
  ['GET /people/3'],
  ['GET /people/3/history'],
];

/** One of the databases: rows of ann, of which ben, who asks, may read some. */
export async function world(
  t: TestContext,
  place: Place,
  { salary, word, boss, title, pages, more }: Hidden,
) {
  const served: Served<typeof resources> = await serveApp(archive, place);
  t.after(() => served.close());
  const { services } = served.engine;
  const tokens: string[] = [];
  for (const username of ['ann', 'ben']) {
    const body = { username, password: 'a password of a reader' };
    await served.call('POST', '/v1/accounts', { body });
    const signedInAs = await served.call('POST', '/v1/sessions', { body });
    tokens.push(String(Object(signedInAs.body).access_token));
  }
  const ann = system({ onBehalfOf: { kind: 'account', account: 1, session: 's' } });
  await services.papers.create(ann, { title: 'open', state: 'open' });
  await services.people.create(ann, { name: 'ann' });
  await services.people.create(ann, { name: 'bea' });
  await services.people.create(ann, {
    name: 'cyd',
    salary,
    badge: word,
    plan: word,
    notes: word,
    boss,
    tags: boss === 1 ? [1] : [],
  });
  await services.people.create(ann, { name: 'dee', salary, notes: word, plan: word, boss });
  await services.people.remove(ann, 4);
  await services.shelves.create(ann, { label: 'one', papers: [] });
  await services.papers.create(ann, { title, pages, about: 1 });
  await services.shelves.patch(ann, 1, { paper: 2, papers: [2] });
  if (more) await services.papers.create(ann, { title, pages, about: 1 });
  return { served, ann, annToken: tokens[0] ?? '', token: tokens[1] ?? '' };
}

/** An answer without what differs by chance: instants, request ids, signatures, and the marks of a database. */
export const plain = (value: unknown) =>
  JSON.stringify(value)
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'INSTANT')
    .replaceAll(/"requestId":"[^"]*"/g, '')
    .replaceAll(/(next|prev|cursor)("?[=:]"?)[\w.%-]+/g, '$1$2CURSOR')
    .replaceAll(/(\d+-)[0-9a-z]{4}\b/g, '$1TAG')
    .replaceAll(/urn:uuid:[\w-]+|\\"[\w-]{22}\\"/g, 'MARK')
    .replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, 'ORIGIN');
