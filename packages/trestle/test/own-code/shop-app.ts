import { EventEmitter } from 'node:events';
import { Problem } from '../../src/contract.ts';
import {
  anyone,
  app,
  author,
  integer,
  integerId,
  job,
  nobody,
  reference,
  resource,
  signedIn,
  text,
} from '../../src/index.ts';

/** Books, of which `free` copies are not lent, set by own code alone. */
export const books = resource({
  id: integerId(),
  fields: {
    title: text(),
    isbn: text({ nullable: true, can: { create: nobody, update: nobody } }),
    free: integer({ default: 1, min: 0, can: { update: nobody } }),
  },
  can: { read: anyone, create: anyone, update: anyone, delete: anyone },
  before: {
    create: async (_, { body }) => {
      if (body.title === 'forbidden') throw new Problem('conflict', { detail: 'This book is not lent.' });
      await new Promise((resolve) => setImmediate(resolve));
      return { ...body, isbn: `isbn of ${body.title}` };
    },
    update: async (_, { row, body }) => {
      if (body.title === row.title) return undefined;
      return { ...body, isbn: `isbn of ${body.title}` };
    },
    delete: async (_, { row }) => {
      if (row.title === 'kept') throw new Problem('forbidden', { detail: 'This book stays.' });
    },
  },
});

export const loans = resource({
  id: integerId(),
  fields: {
    book: reference('books', { onDelete: 'cascade' }),
    reader: author(),
    note: text({ default: '' }),
  },
  can: { read: anyone, create: signedIn, update: signedIn, delete: signedIn },
  within: {
    create: async (context, { row }) => {
      const book = await context.service(books).peek(context, Number(row.book));
      if (book.free === 0) throw new Problem('conflict', { detail: 'All copies are lent.' });
      await context.service(books).patch(context, book.id, { free: book.free - 1 });
      await context.service(entries).create(context, { words: `lent ${book.title}` });
      await context.enqueue('remind', { words: book.title });
    },
    update: async (context, { row, before }) => {
      await context.service(entries).create(context, { words: `${before.note} > ${row.note}` });
    },
    delete: async (context, { row }) => {
      await context.service(entries).create(context, { words: `back ${row.book}` });
    },
  },
});

export const entries = resource({
  id: integerId(),
  fields: { words: text(), by: author() },
  can: { read: anyone },
});

/** Told of by the job `remind`. */
export const reminded = Object.assign(new EventEmitter(), { words: [] as string[] });

export const shop = app({
  name: 'shop',
  resources: { books, loans, entries },
  jobs: {
    remind: job({
      input: { words: text() },
      run: async (_, { words }) => {
        reminded.words.push(words);
        reminded.emit('words');
      },
    }),
  },
});
