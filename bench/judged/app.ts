import {
  accounts,
  any,
  anyone,
  app,
  author,
  boolean,
  integer,
  integerId,
  own,
  resource,
  signedIn,
  text,
  where,
} from 'trestle';

const rows = resource({
  id: integerId(),
  fields: { content: text({ default: '' }), count: integer({ default: 0 }) },
  can: { read: anyone, create: anyone, update: anyone },
});
const posts = resource({
  id: integerId(),
  fields: {
    title: text(),
    count: integer({ default: 0 }),
    open: boolean({ default: true }),
    writer: author(),
  },
  live: true,
  can: {
    read: any(where({ open: true }), own('writer')),
    create: signedIn,
    update: own('writer'),
    delete: own('writer'),
  },
});

/** Rows that many write at once, and posts that many watch. */
export default app({ name: 'judged', accounts: accounts(), resources: { rows, posts } });
