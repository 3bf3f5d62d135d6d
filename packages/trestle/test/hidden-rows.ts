// An app with rows that are hidden by a membership rule, and what may be asked of a row: of a hidden one as of one that does not exist.
import {
  accounts,
  anyone,
  app,
  author,
  count,
  exists,
  integer,
  integerId,
  its,
  me,
  own,
  reference,
  references,
  resource,
  role,
  signedIn,
  state,
  text,
  transitions,
} from 'trestle';
import { system } from 'trestle/contract';
import { type Served, serveApp } from 'trestle/testing';
import type { Place } from './stores.ts';

const id = integerId();
const member = exists('members', { team: its('team'), who: me });
const open = { read: anyone, create: signedIn, update: signedIn, delete: signedIn };
const ofTeam = { read: member, create: signedIn, update: member, delete: member };
const resources = {
  teams: resource({ id, fields: { name: text() }, can: open }),
  members: resource({ id, fields: { team: reference('teams'), who: author() }, can: open }),
  /** Its rows are hidden from all but the members of their team. */
  docs: resource({
    id,
    fields: {
      title: text({ max: 40 }),
      code: text({ max: 40, unique: true }),
      body: text({ default: '' }),
      team: reference('teams'),
      views: integer({ default: 0 }),
      salary: integer({ nullable: true, can: { read: role('hr'), update: role('hr') } }),
      stage: transitions(['draft', 'published'], { publish: { from: 'draft', to: 'published' } }),
      mentions: count('notes', { doc: its('id') }),
    },
    search: ['title', 'body'],
    history: true,
    live: true,
    softDelete: true,
    can: ofTeam,
  }),
  steps: resource({
    id,
    fields: { name: text({ unique: true }) },
    can: { read: anyone },
    rows: [{ name: 'new' }, { name: 'done' }],
  }),
  tasks: resource({
    id,
    fields: { title: text(), team: reference('teams'), step: state('steps', { initial: 'new' }) },
    can: ofTeam,
    lifecycle: { field: 'step', operations: { finish: { from: 'new', to: 'done', run: async () => ({}) } } },
  }),
  /** Its rows are hidden from all but their authors, by a rule of the row alone. */
  papers: resource({
    id,
    fields: { title: text(), owner: author() },
    history: true,
    can: { create: signedIn, read: own('owner'), update: own('owner'), delete: own('owner') },
  }),
  notes: resource({
    id,
    fields: {
      label: text({ max: 40 }),
      doc: reference('docs', { nullable: true }),
      docs: references('docs'),
      paper: reference('papers', { nullable: true }),
    },
    can: open,
  }),
};
const library = app({
  name: 'library',
  accounts: accounts({ id, roles: ['hr'] }),
  resources,
  webhooks: { can: signedIn, allowPrivate: true },
});

/** A request, with `$doc` and the like where an id or a value stands that is hidden, or that no row has. */
export interface Probe {
  readonly line: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const of = (line: string, body?: unknown, headers?: Probe['headers']): Probe => ({
  line,
  ...(body !== undefined && { body }),
  ...(headers && { headers }),
});
const batch = (method: string, path: string, body?: unknown) =>
  [true, false].map((atomic) =>
    of('POST /batch', {
      atomic,
      requests: [{ method, path: `/v1${path}`, ...(body !== undefined && { body }) }],
    }),
  );
const rowProbes = (path: string, body: Readonly<Record<string, unknown>>): Probe[] => [
  of(`GET ${path}`),
  of(`GET ${path}`, undefined, { 'if-none-match': '"1"' }),
  of(`GET ${path}:can`),
  of(`PATCH ${path}`, body),
  of(`PATCH ${path}`, body, { 'if-match': '"1"' }),
  of(`PATCH ${path}`, body, { 'if-match': '"1", "2"' }),
  of(`PATCH ${path}`, body, { 'idempotency-key': 'a key of ben' }),
  of(`PATCH ${path}?dry_run=true`, body),
  of(`DELETE ${path}`),
  of(`DELETE ${path}`, undefined, { 'if-match': '*' }),
  ...batch('GET', path),
  ...batch('PATCH', path, body),
  ...batch('DELETE', path),
];

/** Requests of ben, who is in no team. */
export const PROBES: readonly Probe[] = [
  ...rowProbes('/docs/$doc', { title: 'mine' }),
  of('GET /docs/$doc?fields=title&expand=team'),
  of('PATCH /docs/$doc', { salary: 5 }),
  of('PUT /docs/$doc', { title: 'mine', code: 'mine', team: 1 }),
  of('GET /docs/$doc/history'),
  of('POST /docs/$doc:publish'),
  of('POST /docs/$doc:restore'),
  of('POST /docs/$doc:increment', { views: 1 }),
  of('GET /docs?filter[id]=$doc&count=exact'),
  of('GET /docs/by/code/$code'),
  of('GET /docs?filter[code]=$code'),
  of('GET /docs?filter[title]=$word'),
  of('GET /docs?search=$word'),
  of('POST /docs:search', { filter: { title: { eq: '$word' } }, count: 'exact' }),
  of('GET /docs:aggregate?sum=views&filter[title]=$word'),
  of('PATCH /docs?filter[id]=$doc&max=10', { title: 'mine' }),
  of('DELETE /docs?filter[id]=$doc&max=10'),
  of('GET /docs/$gone'),
  of('GET /docs/$gone:can'),
  of('GET /docs/$gone/history'),
  of('PATCH /docs/$gone', { title: 'mine' }),
  of('POST /docs/$gone:restore'),
  of('GET /docs?deleted=true&filter[id]=$gone'),
  ...rowProbes('/papers/$paper', { title: 'mine' }),
  of('PUT /papers/$paper', { title: 'mine' }),
  of('GET /papers/$paper/history'),
  of('GET /papers/$torn'),
  of('GET /papers/$torn/history'),
  ...rowProbes('/tasks/$task', { title: 'mine' }),
  of('POST /tasks/$task:finish'),
  of('GET /tasks/$task/moves'),
  of('GET /operations/$operation'),
  of('POST /operations/$operation:cancel'),
  of('GET /operations/$operation/events'),
  of('GET /operations?row=$task'),
  of('POST /notes', { label: 'a', doc: '$doc' }),
  of('POST /notes', { label: 'a', docs: ['$doc'] }),
  of('POST /notes', { label: 'a', doc: '$gone' }),
  of('POST /notes', { label: 'a', paper: '$paper' }),
  of('PATCH /notes/1', { doc: '$doc' }),
  of('PATCH /notes/1', { docs: ['$doc'] }),
  of('PATCH /notes/1', { paper: '$paper' }),
  of('POST /notes:createMany', { items: [{ label: 'a', paper: '$paper' }] }),
  of('GET /notes?filter[doc]=$doc'),
  of('GET /notes?filter[doc][title]=$word'),
  of('GET /notes?filter[docs][has]=$doc'),
  of('GET /webhooks/$webhook'),
  of('PATCH /webhooks/$webhook', { description: 'mine' }),
  of('DELETE /webhooks/$webhook'),
  of('GET /webhooks/$webhook/deliveries'),
  of('POST /webhooks/$webhook:roll'),
  of('POST /webhooks/$webhook:test'),
  of('POST /webhooks/$webhook/deliveries/$webhook:redeliver'),
  of('DELETE /keys/$key'),
  of('GET /keys/$key'),
  of('DELETE /sessions/$session'),
];

type Names = Readonly<Record<string, string | number>>;

/** A request with values in the places of their names. A whole string becomes the value itself. */
export function withNames({ line, body, headers = {} }: Probe, names: Names) {
  const put = (given: unknown): unknown => {
    if (Array.isArray(given)) return given.map(put);
    if (typeof given === 'object' && given !== null)
      return Object.fromEntries(Object.entries(given).map(([key, value]) => [key, put(value)]));
    if (typeof given !== 'string') return given;
    const whole = /^\$(\w+)$/.exec(given);
    if (whole) return names[whole[1] ?? ''];
    return given.replace(/\$(\w+)/g, (_, name: string) => String(names[name]));
  };
  const [method = '', path = ''] = String(put(line)).split(' ');
  return { method, path: `/v1${path}`, body: put(body), headers };
}

/** The app over a database of its own: rows of ann's team, and ben, who is in none. */
export async function openLibrary(place: Place | Record<string, never>) {
  const served: Served<typeof resources> = await serveApp(library, place);
  const { services } = served.engine;
  const call = async (line: string, token?: string, body?: unknown) => {
    const [method = '', path = ''] = line.split(' ');
    const reply = await served.call(method, `/v1${path}`, { token, ...(body !== undefined && { body }) });
    if (reply.status >= 300) throw new Error(`${line}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return Object(reply.body);
  };
  const signIn = async (username: string) => {
    const body = { username, password: 'a password of a reader' };
    await call('POST /accounts', undefined, body);
    return call('POST /sessions', undefined, body);
  };
  const ann = await signIn('ann');
  const ben = await signIn('ben');
  const asAnn = system({ onBehalfOf: { kind: 'account', account: 1, session: '' } });
  const asBen = system({ onBehalfOf: { kind: 'account', account: 2, session: '' } });
  for (const name of ['of ann', 'of nobody']) await services.teams.create(asAnn, { name });
  await services.members.create(asAnn, { team: 1 });
  const doc = (code: string, title: string) =>
    services.docs.create(asAnn, { title, code, team: 1, body: `${title} `.repeat(200), salary: 7 });
  const hidden = await doc('hidden', 'marmalade');
  const gone = await doc('gone', 'chutney');
  await services.docs.patch(asAnn, gone.id, { views: 2 });
  await services.docs.remove(asAnn, gone.id);
  const paper = await services.papers.create(asAnn, { title: 'of ann' });
  const torn = await services.papers.create(asAnn, { title: 'of ann' });
  await services.papers.remove(asAnn, torn.id);
  const task = await services.tasks.create(asAnn, { title: 'of ann', team: 1 });
  const operation = await call(`POST /tasks/${task.id}:finish`, ann.access_token);
  await services.notes.create(asBen, { label: 'of ben', docs: [] });
  const hook = { url: 'http://127.0.0.1:1/', events: ['teams.deleted'] };
  const webhook = await call('POST /webhooks', ann.access_token, hook);
  const key = await call('POST /keys', ann.access_token, { name: 'of ann', scopes: ['docs:read'] });
  const absent = '019f0000-0000-7000-8000-000000000000';
  const names: Record<'hidden' | 'absent', Names> = {
    hidden: {
      doc: hidden.id,
      gone: gone.id,
      code: 'hidden',
      word: 'marmalade',
      paper: paper.id,
      torn: torn.id,
      task: task.id,
      operation: operation.id,
      webhook: webhook.id,
      key: key.id,
      session: ann.session,
    },
    absent: {
      doc: 91,
      gone: 92,
      code: 'absent',
      word: 'tangerine',
      paper: 93,
      torn: 94,
      task: 95,
      operation: absent,
      webhook: absent,
      key: 'abcdefghijkl',
      session: String(ann.session).replace(/^./, (first) => (first === '0' ? '1' : '0')),
    },
  };
  return {
    // Of its resources only this file knows.
    served: served as unknown as Served,
    annToken: String(ann.access_token),
    token: String(ben.access_token),
    names,
  };
}
