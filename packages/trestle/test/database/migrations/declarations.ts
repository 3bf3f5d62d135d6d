import {
  author,
  boolean,
  counter,
  createdAt,
  integer,
  integerId,
  json,
  number,
  oneOf,
  reference,
  resource,
  text,
  updatedAt,
} from '../../../src/index.ts';

/** Four versions of one app, each of which might be deployed over the one before. */
const id = integerId();

const firstFields = {
  title: text(),
  body: text({ nullable: true }),
  rating: text({ nullable: true }),
  views: counter(),
  author: author(),
  created_at: createdAt(),
};

export const first = {
  notes: resource({ id, fields: firstFields, order: '-created_at' }),
  tags: resource({ id, fields: { name: text({ unique: true }) } }),
};

const grownFields = {
  ...firstFields,
  state: oneOf(['draft', 'open'], { default: 'draft' }),
  priority: integer({ nullable: true }),
  pinned: boolean({ default: false }),
  extra: json({ default: { list: [] } }),
  updated_at: updatedAt(),
};

/** Only adds: columns of every kind, a table, a reference, another order. */
export const grown = {
  notes: resource({ id, fields: grownFields, order: ['state', '-created_at'] }),
  tags: first.tags,
  comments: resource({
    id,
    fields: { note: reference('notes', { onDelete: 'cascade' }), words: text() },
  }),
};

const { body: _body, ...articleFields } = grownFields;

/** Only renames, and one index more. */
export const renamed = {
  articles: resource({
    id,
    was: 'notes',
    fields: { ...articleFields, text: text({ nullable: true, was: 'body' }) },
    order: ['state', '-created_at'],
  }),
  tags: first.tags,
  comments: resource({
    id,
    fields: {
      article: reference('articles', { onDelete: 'cascade', was: 'note' }),
      words: text({ index: true }),
    },
  }),
};

/** Drops a table and a column, changes kinds, defaults, presence, uniqueness, and what happens on deletion. */
export const changed = {
  articles: resource({
    id,
    fields: {
      ...articleFields,
      title: text({ unique: true }),
      rating: integer({ nullable: true }),
      priority: number({ default: 1 }),
      state: oneOf(['draft', 'open', 'closed'], { default: 'open', nullable: true }),
      pinned: integer({ default: 0 }),
    },
    order: '-created_at',
  }),
  comments: resource({
    id,
    fields: { article: reference('articles', { onDelete: 'setNull', nullable: true }), words: text() },
  }),
};
