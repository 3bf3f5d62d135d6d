import {
  accounts,
  any,
  anyone,
  anyText,
  app,
  author,
  boolean,
  count,
  counter,
  createdAt,
  date,
  decimal,
  editor,
  email,
  exists,
  integer,
  integerId,
  its,
  job,
  json,
  list,
  many,
  me,
  object,
  own,
  reference,
  references,
  resource,
  role,
  signedIn,
  slug,
  state,
  sum,
  text,
  through,
  timestamp,
  transitions,
  updatedAt,
  url,
  where,
} from 'trestle';
import { answer, route } from 'trestle/contract';
import { Type } from 'typebox';

const writable = { read: anyone, create: signedIn, update: signedIn, delete: signedIn };

const tags = resource({
  id: integerId(),
  fields: { word: text({ min: 1, max: 40, unique: true }), uses: counter({ countsReads: true }) },
  can: writable,
});

const steps = resource({
  id: integerId(),
  fields: { name: text({ unique: true }) },
  rows: [{ name: 'waiting' }, { name: 'done' }],
  can: { read: anyone },
});

/** A resource with whatever a declaration can say, all of which has routes, parameters or answers of its own. */
const articles = resource({
  id: integerId(),
  fields: {
    title: text({ min: 1, max: 80, trim: true }),
    body: text({ default: '' }),
    slug: slug('title', { follow: true }),
    link: url({ nullable: true }),
    contact: email({ nullable: true }),
    price: decimal({ digits: 8, scale: 2, default: '0' }),
    issued: date({ nullable: true }),
    stock: integer({ default: 0, min: -1000 }),
    shape: object({ width: integer({ nullable: true }), note: text({ default: '' }) }, { nullable: true }),
    extra: json({ nullable: true }),
    secret: text({
      nullable: true,
      can: { read: role('editor'), create: role('editor'), update: role('editor') },
    }),
    tags: references('tags', { max: 3, onDelete: 'remove' }),
    comments: many('comments', { by: 'article' }),
    comment_count: count('comments', { article: its('id') }),
    mine: exists('comments', { article: its('id'), writer: me }),
    points: sum('comments', 'points', { article: its('id') }, { rows: 'all' }),
    phase: transitions(['draft', 'published', 'gone'], {
      publish: { from: 'draft', to: 'published' },
      drop: { from: ['draft', 'published'], to: 'gone', can: any(own('writer'), role('editor')) },
    }),
    step: state('steps', { initial: 'waiting' }),
    writer: author(),
    last_writer: editor(),
    created_at: createdAt(),
    updated_at: updatedAt(),
  },
  order: ['-created_at'],
  search: { title: 4, body: 1 },
  live: true,
  history: true,
  softDelete: true,
  feed: { title: 'title', date: 'created_at', author: 'writer', content: 'body' },
  check: {
    price_or_stock: { that: ({ price, stock }) => price !== '13.00' || stock > 0, message: 'needs stock' },
  },
  lifecycle: {
    field: 'step',
    operations: {
      finish: { from: 'waiting', to: 'done', run: async () => ({ result: { finished: true } }) },
    },
  },
  can: writable,
});

const comments = resource({
  fields: {
    article: reference('articles', { onDelete: 'cascade' }),
    text: text({ min: 1, search: true }),
    points: integer({ default: 1 }),
    hidden: boolean({ default: false }),
    writer: author(),
  },
  live: true,
  conditional: 'required',
  can: { ...writable, read: any(where({ hidden: false }), own('writer')), update: own('writer') },
});

const bookings = resource({
  fields: {
    article: reference('articles', { nullable: true, onDelete: 'setNull' }),
    seats: list(integer({ min: 1 }), { max: 3, default: [] }),
    from: timestamp(),
    to: timestamp(),
  },
  check: { ends_later: ({ from, to }) => to > from },
  exclude: { same: ['article'], from: 'from', to: 'to' },
  softDelete: true,
  can: { ...writable, read: any(signedIn, through('article')) },
});

const resources = { tags, steps, articles, comments, bookings };

/** An app with all that is served: live lists, search, webhooks, history, soft deletion, transitions, jobs and routes of its own. */
export const everything = app({
  name: 'everything',
  accounts: accounts({
    password: anyText,
    fields: { email: email({ nullable: true, unique: true }), about: text({ nullable: true, max: 200 }) },
    email: 'email',
    roles: ['editor'],
    can: { list: signedIn, grant: role('editor') },
  }),
  resources,
  webhooks: { can: signedIn },
  jobs: { note: job({ input: { word: text() }, run: async () => {} }) },
  routes: ({ services, jobs }) => [
    route(
      'GET',
      '/reports/phases',
      {
        summary: 'Articles by phase',
        can: anyone,
        query: Type.Object({ min: Type.Optional(Type.Integer({ minimum: 0, maximum: 9 })) }),
        answers: { 200: Type.Array(Type.Object({ phase: Type.String(), articles: Type.Integer() })) },
      },
      async (request) => {
        const { items } = await services.articles.aggregate(request, { group: ['phase'], count: true });
        const rows = items.map(({ group, count = 0 }) => ({ phase: String(group?.phase), articles: count }));
        return answer(
          200,
          rows.filter(({ articles }) => articles >= (request.query.min ?? 0)),
        );
      },
    ),
    route(
      'POST',
      '/notes',
      {
        summary: 'Enqueue a note',
        can: signedIn,
        body: Type.Object({ word: Type.String({ maxLength: 20 }) }),
        answers: { 202: Type.Object({ job: Type.String() }) },
      },
      async (request) => answer(202, { job: await jobs.note.enqueue(request, request.body) }),
    ),
  ],
});
