import {
  accounts,
  anyone,
  anyText,
  app,
  author,
  count,
  createdAt,
  email,
  exists,
  integerId,
  its,
  me,
  own,
  ownAccount,
  reference,
  references,
  resource,
  signedIn,
  slug,
  text,
  updatedAt,
} from 'trestle';
import { contract } from './contract.ts';

const short = text({ min: 1, max: 500, trim: true });
/** Whether the caller follows the author of a row. */
const followed = exists('follows', { followed: its('author'), follower: me });
const written = { author: author(), createdAt: createdAt(), updatedAt: updatedAt(), followed };
const can = { read: anyone, create: signedIn, update: own('author'), delete: own('author') };

export const members = accounts({
  id: integerId(),
  password: anyText,
  fields: {
    email: email({ unique: true, can: { read: ownAccount } }),
    bio: text({ nullable: true, max: 10_000 }),
    image: text({ nullable: true, max: 2_000 }),
  },
  signInBy: ['email'],
  tokens: { access: '30d', refresh: false },
  can: { read: anyone },
});

export const resources = {
  articles: resource({
    id: integerId(),
    fields: {
      slug: slug('title', { follow: true }),
      title: short,
      description: short,
      body: text({ min: 1 }),
      tagList: references('tags', { max: 50 }),
      favoritesCount: count('favorites', { article: its('id') }),
      favorited: exists('favorites', { article: its('id'), account: me }),
      ...written,
    },
    order: '-createdAt',
    can,
  }),
  comments: resource({
    id: integerId(),
    fields: {
      article: reference('articles', { onDelete: 'cascade' }),
      body: text({ min: 1, trim: true }),
      ...written,
    },
    can,
  }),
  /** Made with the articles that name them. */
  tags: resource({
    id: integerId(),
    fields: { name: text({ min: 1, max: 100, unique: true }) },
    can: { read: anyone },
  }),
  favorites: resource({
    id: integerId(),
    fields: { article: reference('articles', { onDelete: 'cascade' }), account: author() },
    unique: [['article', 'account']],
    can: { read: anyone, create: signedIn, delete: own('account') },
  }),
  follows: resource({
    id: integerId(),
    fields: { followed: reference('accounts', { onDelete: 'cascade' }), follower: author() },
    unique: [['followed', 'follower']],
    can: { read: own('follower'), create: signedIn, delete: own('follower') },
  }),
};

const description = 'Articles, comments, favorites, and people who follow each other.';
export default app({ name: 'conduit', description, accounts: members, resources, contract });
