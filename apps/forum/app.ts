import { accounts, anyone, app, author, createdAt, integerId, own, resource, signedIn, text } from 'trestle';
import { contract } from './contract.ts';

export const articles = resource({
  id: integerId(),
  fields: {
    title: text({ min: 1, search: true }),
    text: text({ min: 1, max: 1_000_000 }),
    date_posted: createdAt(),
    author: author(),
  },
  order: '-date_posted',
  indexes: [['author', 'date_posted']],
  feed: { title: 'title', date: 'date_posted', author: 'author', content: 'text' },
  can: { read: anyone, create: signedIn, update: own('author'), delete: own('author') },
});

export const resources = { articles };

const ALLOWED = /^[A-Za-z0-9!@#$%^&*_-]+$/;

export default app({
  name: 'forum',
  description: 'Articles by registered users.',
  accounts: accounts({
    id: integerId(),
    username: { min: 5, max: 20, patterns: [ALLOWED] },
    password: {
      min: 8,
      max: 40,
      patterns: [ALLOWED, /[a-z]/, /[A-Z]/, /[0-9]/, /[!@#$%^&*_-]/],
      blockCommon: false,
    },
    tokens: { access: '24h', refresh: false },
    can: { read: anyone },
  }),
  resources,
  contract,
});
