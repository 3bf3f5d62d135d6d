import assert from 'node:assert/strict';
import {
  accounts,
  anyone,
  app,
  author,
  boolean,
  createdAt,
  date,
  decimal,
  integer,
  integerId,
  job,
  json,
  list,
  many,
  nobody,
  type Outcome,
  object,
  oneOf,
  type RunContext,
  reference,
  references,
  resource,
  signedIn,
  state,
  text,
  timestamp,
  transitions,
  updatedAt,
} from 'trestle';
import type { RunningApp } from '../../trestle/test/harness.ts';
import { OPERATOR } from './browser.ts';

const can = { read: anyone, create: signedIn, update: signedIn, delete: signedIn };

/** An app with a field of each kind, for tests of the admin UI. */
export const library = app({
  name: 'library',
  description: 'Books, who wrote them and who has them.',
  accounts: accounts({ roles: ['librarian'], keys: {} }),
  resources: {
    authors: resource({
      id: integerId(),
      fields: {
        name: text({ min: 1, max: 100, unique: true }),
        born: integer({ nullable: true, min: -3000, max: 2100 }),
        books: many('books', { by: 'author' }),
      },
      order: 'name',
      can,
    }),
    tags: resource({ id: integerId(), fields: { name: text({ max: 50, unique: true }) }, can }),
    books: resource({
      id: integerId(),
      fields: {
        title: text({ min: 1, max: 120, search: true }),
        author: reference('authors'),
        tags: references('tags', { max: 5 }),
        price: decimal({ digits: 8, scale: 2, nullable: true }),
        pages: integer({ min: 1, default: 100 }),
        format: oneOf(['paper', 'sound', 'screen'], { default: 'paper' }),
        lent_out: boolean({ default: false }),
        printed: date({ nullable: true }),
        arrives: timestamp({ nullable: true }),
        measures: object({ width: integer(), height: integer() }, { nullable: true }),
        remarks: list(text({ max: 100 }), { default: [] }),
        extra: json({ nullable: true }),
        status: transitions(['ordered', 'shelved', 'gone'], {
          shelve: { from: 'ordered', to: 'shelved' },
          discard: { from: ['ordered', 'shelved'], to: 'gone' },
        }),
        entered_by: author(),
        created_at: createdAt(),
        updated_at: updatedAt(),
      },
      order: 'id',
      live: true,
      history: true,
      softDelete: true,
      can,
    }),
    copies: resource({ fields: { code: text({ max: 20 }) }, order: 'code', can }),
    loans: resource({
      id: integerId(),
      fields: { author: reference('authors', { onDelete: 'cascade' }), note: text({ max: 100 }) },
      can,
    }),
    conditions: resource({
      id: integerId(),
      fields: { name: text({ max: 30, unique: true }) },
      rows: [{ name: 'worn' }, { name: 'bound' }],
      can: { read: anyone, create: nobody, update: nobody, delete: nobody },
    }),
    volumes: resource({
      id: integerId(),
      fields: { label: text({ max: 60 }), condition: state('conditions', { initial: 'worn' }) },
      lifecycle: {
        field: 'condition',
        operations: { bind: { from: 'worn', to: 'bound', run: bind } },
      },
      can,
    }),
  },
  jobs: { count: job({ cron: '0 3 * * *', run: async (context) => context.progress(1, 'counted') }) },
});

/** The label of volumes whose binding goes on until it is cancelled. */
export const ENDLESS = 'Endless';

async function bind({ row, progress, signal }: RunContext<{ label: string }>): Promise<Outcome> {
  progress(0.5, 'half bound');
  if (row.label !== ENDLESS) return {};
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });
}

/** Rows to find, to change and to delete, by the operator that the tests sign in as. */
export async function seed(served: RunningApp): Promise<void> {
  const token = await operatorToken(served);
  const make = async (path: string, items: object[]) => {
    const { status, body } = await served.call(`POST /v1/${path}:createMany`, { token, body: { items } });
    assert.equal(status, 201, JSON.stringify(body));
  };
  await make('authors', [{ name: 'Ada', born: 1815 }, { name: 'Grace', born: 1906 }, { name: 'Unread' }]);
  await make('tags', [{ name: 'logic' }, { name: 'poetry' }, { name: 'travel' }]);
  await make(
    'books',
    Array.from({ length: 260 }, (_, at) => ({
      title: `Book ${String(at + 1).padStart(3, '0')}`,
      author: (at % 2) + 1,
      tags: [(at % 3) + 1],
      pages: at + 1,
      price: at % 5 === 0 ? null : `${at}.50`,
    })),
  );
  await make('loans', [
    { author: 3, note: 'a' },
    { author: 3, note: 'b' },
  ]);
}

export async function operatorToken(served: RunningApp): Promise<string> {
  const { body } = await served.call<{ access_token: string }>('POST /v1/sessions', {
    body: OPERATOR,
  });
  return body.access_token;
}
